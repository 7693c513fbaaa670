/** What may be written next in Cypher: labels, relations, properties, names in quotes, words. Knows no page. */

export interface Words {
  labels: Record<string, string[]>;
  relations: Record<string, string[]>;
  functions: string[];
  keywords: string[];
}

export interface Option {
  /** What is written in place of what was typed. */
  text: string;
  /** What it is, shown beside it. */
  about: string;
  /** How far before the end of the text the cursor then stands. */
  back?: number;
}

export interface Completion {
  /** Where in the text the part that is replaced begins. */
  from: number;
  typed: string;
  options: Option[];
  /** Set inside quotes: names are to be asked for. */
  name?: { quote: string };
}

const MOST = 50;
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^'\\]|\\[\s\S])*'?|"(?:[^"\\]|\\[\s\S])*"?|`[^`]*`?|\$\w+|\d+(?:\.\d+)?|[^\W\d]\w*|\s+|[\s\S]/gu;

export type Sort = "comment" | "text" | "quoted" | "parameter" | "number" | "keyword" | "function" | "label" | "word" | "other";

export interface Token {
  text: string;
  start: number;
  sort: Sort;
}

/** Split Cypher for colouring and completion; joined again the tokens are the text. */
export function tokens(text: string, words: Words): Token[] {
  const keywords = new Set(words.keywords.flatMap((word) => word.split(" ")));
  const found: Token[] = [];
  let before = "";
  for (const match of text.matchAll(TOKEN)) {
    const piece = match[0];
    const after = text.slice(match.index + piece.length);
    found.push({ text: piece, start: match.index, sort: sortOf(piece, before, after, keywords) });
    if (piece.trim()) before = piece;
  }
  return found;
}

function sortOf(piece: string, before: string, after: string, keywords: Set<string>): Sort {
  if (piece.startsWith("//") || piece.startsWith("/*")) return "comment";
  if (piece.startsWith("'") || piece.startsWith('"')) return "text";
  if (piece.startsWith("`")) return "quoted";
  if (/^\$\w/.test(piece)) return "parameter";
  if (/^\d/.test(piece)) return "number";
  if (!/^[^\W\d]/u.test(piece)) return "other";
  if (before === ":" || before === "|") return "label";
  if (before !== "." && keywords.has(piece.toUpperCase())) return "keyword";
  return /^\s*\(/.test(after) && before !== "." ? "function" : "word";
}

/** Say what may be written at `cursor`. `asked` is true when the person asked for it, by Ctrl and Space. */
export function complete(text: string, cursor: number, words: Words, asked = false): Completion | null {
  const before = text.slice(0, cursor);
  const parts = tokens(before, words);
  const last = parts.at(-1);
  if (!last && !asked) return null;
  if (last?.sort === "comment") return null;
  if (last?.sort === "text" && !(last.text.length > 1 && last.text.endsWith(last.text[0]!))) {
    return { from: last.start + 1, typed: last.text.slice(1), options: [], name: { quote: last.text[0]! } };
  }
  const label = /[:|]\s*(\w*)$/.exec(before);
  if (label && !/\d$/.test(before.slice(0, label.index))) {
    const inside = before.lastIndexOf("[") > before.lastIndexOf("]");
    const known = inside ? Object.keys(words.relations) : Object.keys(words.labels);
    return offer(cursor, label[1]!, known.map((name) => ({ text: name, about: inside ? "relation" : "label" })), true);
  }
  const property = /([^\W\d]\w*)\.(\w*)$/u.exec(before);
  if (property) {
    const known = properties(text, property[1]!, words);
    return offer(cursor, property[2]!, known.map((name) => ({ text: name, about: "property" })), true);
  }
  const word = /[^\W\d]\w*$/u.exec(before)?.[0] ?? "";
  if (/[$.\d]$/.test(before.slice(0, cursor - word.length)) || (!asked && word.length < 2)) return null;
  const options = [
    ...variables(text, word).map((name) => ({ text: name, about: "name in this query" })),
    ...words.keywords.map((name) => ({ text: name, about: "keyword" })),
    ...words.functions.map((name) => ({ text: `${name}()`, about: "function", back: 1 })),
  ];
  return offer(cursor, word, options, asked);
}

function offer(cursor: number, typed: string, options: Option[], empty: boolean): Completion | null {
  const wanted = typed.toLowerCase();
  const found = options.filter((option) => option.text.toLowerCase().startsWith(wanted) && option.text !== typed);
  if (!found.length || (!typed && !empty)) return null;
  return { from: cursor - typed.length, typed, options: found.slice(0, MOST) };
}

/** The properties of what `name` stands for in the query, of everything where that is not plain. */
function properties(text: string, name: string, words: Words): string[] {
  const kinds = new Set<string>();
  const pattern = new RegExp(`([([])\\s*${name}\\s*:\\s*([\\w|:\\s]+)`, "g");
  for (const match of text.matchAll(pattern)) {
    const known = match[1] === "[" ? words.relations : words.labels;
    for (const kind of match[2]!.split(/[|:\s]+/)) for (const property of known[kind] ?? []) kinds.add(property);
  }
  if (!kinds.size) for (const list of [...Object.values(words.labels), ...Object.values(words.relations)]) for (const name of list) kinds.add(name);
  return [...kinds].sort();
}

/** The names that the query itself gives to nodes, relationships and columns. */
function variables(text: string, typed: string): string[] {
  const found = new Set<string>();
  for (const match of text.matchAll(/[([]\s*([^\W\d]\w*)\s*[:)\]]|\bAS\s+([^\W\d]\w*)|\b([^\W\d]\w*)\s*=\s*\(/giu)) {
    found.add((match[1] ?? match[2] ?? match[3])!);
  }
  found.delete(typed);
  return [...found].sort();
}

/** The parameters that a query names, without the dollar. */
export function parameters(text: string, words: Words): string[] {
  const named = tokens(text, words).filter((token) => token.sort === "parameter");
  return [...new Set(named.map((token) => token.text.slice(1)))];
}
