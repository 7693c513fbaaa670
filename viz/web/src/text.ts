/** Text that came from outside, made safe to show: it is only ever set as text or drawn on a canvas. Holds no markup. */

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;
const NUMBER = new Intl.NumberFormat("en");

/** Give text on one line without control characters and without those that turn the direction of writing. */
export function plain(text: string): string {
  return text.replace(CONTROLS, " ").trim();
}

/** Give the first `limit` characters (code points), with an ellipsis where something is missing. */
export function clip(text: string, limit = 160): string {
  if (text.length <= limit) return text;
  const kept = Array.from(text.slice(0, 2 * limit)).slice(0, limit - 1).join("");
  return kept.length < text.length ? `${kept}…` : text;
}

/** Give a name that fits a line: plain and clipped. */
export function line(text: string, limit = 160): string {
  return clip(plain(clip(text, 4 * limit)), limit) || "(no name)";
}

/** Give a number with separators: 50,000. */
export function number(value: number): string {
  return NUMBER.format(value);
}

/** Give a count with its noun: "1 paper", "1,200 papers". */
export function count(value: number, noun: string, plural = `${noun}s`): string {
  return `${number(value)} ${value === 1 ? noun : plural}`;
}

/** Give years as text: "2018–2021", "2020", or "" where unknown (0). */
export function years(first: number, last: number): string {
  if (!first && !last) return "";
  if (!first || !last || first === last) return String(first || last);
  return `${first}–${last}`;
}

/** Give a relation as words: EVALUATED_ON is "evaluated on". */
export function words(relation: string): string {
  return line(relation.replaceAll("_", " ").toLowerCase(), 60);
}

/** Give the address if a browser may follow it: only http and https; else "". */
export function webAddress(url: string): string {
  try {
    const parsed = new URL(url);
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : "";
  } catch {
    return "";
  }
}
