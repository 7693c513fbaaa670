/** Evidence sentences with the two names marked and a link to the paper. */

import { bdi, h } from "./dom";
import type { Evidence } from "./source";
import { clip, line, plain, webAddress } from "./text";

const NAMES = 40;
const SHOWN = 5;

/** Give where names occur in a sentence as [start, end, which list], longest first, none over another. */
export function spans(sentence: string, lists: string[][]): [number, number, number][] {
  const found: [number, number, number][] = [];
  const wanted = lists
    .flatMap((names, which) => names.slice(0, NAMES).map((name) => ({ name, which })))
    .filter(({ name }) => name.length > 1 && name.length <= 200)
    .sort((a, b) => b.name.length - a.name.length);
  for (const { name, which } of wanted) {
    const pattern = name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replace(/[\s-]+/g, "[\\s-]?");
    for (const match of sentence.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])(?:${pattern})(?![\\p{L}\\p{N}])`, "giu"))) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (start < end && !found.some(([from, to]) => start < to && from < end)) found.push([start, end, which]);
    }
  }
  return found.sort((a, b) => a[0] - b[0]);
}

/** Make a sentence in which names are marked. */
export function marked(sentence: string, lists: string[][]): HTMLElement {
  const text = clip(plain(sentence), 2_000);
  const quote = h("blockquote", { class: "kg-quote", dir: "auto" });
  let at = 0;
  for (const [start, end, which] of spans(text, lists)) {
    quote.append(text.slice(at, start), h("mark", { class: which ? "kg-mark-other" : "kg-mark", text: text.slice(start, end) }));
    at = end;
  }
  quote.append(text.slice(at));
  return quote;
}

/** Make the list of what says a link. */
export function evidenceList(evidence: Evidence[], lists: string[][]): HTMLElement {
  const list = h("ol", { class: "kg-evidence" });
  if (!evidence.length) return h("p", { class: "kg-muted kg-evidence", text: "No sentence is kept for this link." });
  const add = (from: number, to: number) => {
    for (const one of evidence.slice(from, to)) {
      const year = one.paper.year ? ` (${one.paper.year})` : "";
      const title = line(one.paper.title || one.paper.id, 240);
      const address = webAddress(one.paper.url);
      const name = address
        ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, bdi(title))
        : h("span", {}, bdi(title));
      list.append(
        h(
          "li",
          {},
          marked(one.sentence, lists),
          h("p", { class: "kg-paper" }, name, year, h("span", { class: "kg-muted", text: one.field === "title" ? " · title" : "" })),
        ),
      );
    }
  };
  add(0, SHOWN);
  if (evidence.length > SHOWN) {
    const rest = evidence.length - SHOWN;
    const more = h("button", { type: "button", class: "kg-more", text: `${rest} more ${rest === 1 ? "sentence" : "sentences"}` });
    more.addEventListener("click", () => {
      more.parentElement?.remove();
      add(SHOWN, evidence.length);
      list.querySelectorAll<HTMLElement>("a")[SHOWN]?.focus();
    });
    list.append(h("li", { class: "kg-more-row" }, more));
  }
  return list;
}
