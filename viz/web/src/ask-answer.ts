/** The answer to a query: a table that sorts, and the nodes in it for the map. */

import { bdi, download, fill, h } from "./dom";
import { kindIcon } from "./looks";
import { clip, count, line, plain } from "./text";

export interface Answer {
  columns: string[];
  rows: unknown[][];
  truncated: boolean;
  seconds: number;
}

export interface AnswerOptions {
  showNodes: (ids: string[]) => void;
  /** Give the id of the node that is called this (`kindly`: or much like it) and is of this kind, or null. */
  find: (name: string, kind: string, kindly?: boolean) => Promise<string | null>;
  /** Names, with their kinds, that were asked about: they go on the map too. */
  also: [string, string][];
  say: (text: string) => void;
}

type Plain = Record<string, unknown>;

const PAGE = 100;
const SHORT = 240;
const LOOKED_UP = 100;
const SHOWN = 300;
/** Columns whose text names a node, as the named questions have them. */
const NAMING: Record<string, string> = {
  method: "Method",
  dataset: "Dataset",
  benchmark: "Dataset",
  task: "Task",
  name: "",
  other: "",
  with: "Method",
  better: "Method",
  worse: "Method",
  family: "",
  member: "",
  paper: "Paper",
  title: "Paper",
  author: "Author",
  coauthor: "Author",
};

export function showAnswer(host: HTMLElement, answer: Answer, options: AnswerOptions): void {
  const rows = [...answer.rows];
  const numeric = answer.columns.map((_, at) => rows.length > 0 && rows.every((row) => row[at] === null || typeof row[at] === "number"));
  const naming = answer.columns.map((column) => NAMING[column.replace(/^.*\./, "").toLowerCase()]);
  const inside = new Set<string>();
  for (const row of rows) for (const value of row) collect(value, inside);
  const named = naming.some((kind, at) => kind !== undefined && rows.some((row) => typeof row[at] === "string"));

  const body = h("tbody");
  const more = h("button", { type: "button", class: "kg-ask-more" });
  let shown = 0;
  const grow = (): void => {
    for (const row of rows.slice(shown, shown + PAGE)) {
      body.append(
        h(
          "tr",
          {},
          ...answer.columns.map((_, at) => h("td", { class: numeric[at] ? "kg-ask-number" : "" }, cell(row[at], naming[at], options))),
        ),
      );
    }
    shown = Math.min(rows.length, shown + PAGE);
    more.hidden = shown >= rows.length;
    more.textContent = `Show ${Math.min(PAGE, rows.length - shown)} more of ${count(rows.length, "row")}`;
  };
  more.addEventListener("click", grow);

  const heads = answer.columns.map((column, at) => {
    const button = h("button", { type: "button", class: "kg-ask-sort" }, bdi(line(column, 60)), h("span", { class: "kg-ask-arrow", "aria-hidden": "true" }));
    const head = h("th", { scope: "col", class: numeric[at] ? "kg-ask-number" : "" }, button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => (down ? -1 : 1) * compare(a[at], b[at]));
      fill(body);
      shown = 0;
      grow();
      options.say(`Sorted by ${line(column, 60)}, ${down ? "descending" : "ascending"}`);
    });
    return head;
  });
  grow();

  const graph = h("button", { type: "button", class: "kg-ask-button", text: "Show on the map" });
  if (!inside.size && !named) {
    graph.disabled = true;
    graph.title = "This answer names no nodes. Return them: RETURN m";
  }
  graph.addEventListener("click", () => void onMap(rows, naming, inside, options));
  const table = h(
    "div",
    { class: "kg-ask-scroll", role: "region", "aria-label": "Answer", tabindex: "0" },
    h("table", { class: "kg-ask-table" }, h("thead", {}, h("tr", {}, ...heads)), body),
  );
  const told = `${count(rows.length, "row")}${answer.truncated ? " (there are more; add LIMIT or narrow the query)" : ""} in ${answer.seconds.toFixed(2)} s`;
  fill(
    host,
    h(
      "div",
      { class: "kg-ask-tools" },
      h("p", { class: "kg-ask-told", text: told }),
      graph,
      h("button", { type: "button", class: "kg-ask-button", text: "CSV", "aria-label": "Save as CSV", on: { click: () => download("answer.csv", new Blob([csv(answer.columns, rows)], { type: "text/csv" })) } }),
      h("button", { type: "button", class: "kg-ask-button", text: "JSON", "aria-label": "Save as JSON", on: { click: () => download("answer.json", new Blob([json(answer.columns, rows)], { type: "application/json" })) } }),
    ),
    rows.length ? table : h("p", { class: "kg-ask-empty", text: "No rows: nothing in the graph is like this." }),
    more,
  );
  options.say(told);
}

async function onMap(rows: unknown[][], naming: (string | undefined)[], inside: Set<string>, options: AnswerOptions): Promise<void> {
  const ids = new Set(inside);
  const wanted = new Map<string, [string, string]>();
  for (const row of rows) {
    row.forEach((value, at) => {
      const kind = naming[at];
      if (kind !== undefined && typeof value === "string" && wanted.size < LOOKED_UP) wanted.set(`${kind}\n${value}`, [value, kind]);
    });
  }
  const asked = [
    ...options.also.filter(([name]) => name).map(([name, kind]) => options.find(name, kind, true)),
    ...[...wanted.values()].map(([name, kind]) => options.find(name, kind)),
  ];
  const found = await Promise.all(asked.map((one) => one.catch(() => null)));
  for (const id of found) if (id) ids.add(id);
  if (!ids.size) return options.say("None of these names is a node of the graph");
  options.say(`${count(Math.min(ids.size, SHOWN), "node")} on the map`);
  options.showNodes([...ids].slice(0, SHOWN));
}

/** Note the ids of all nodes in a value: nodes, ends of relationships, and those inside paths and lists. */
function collect(value: unknown, ids: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, ids);
  else if (isPlain(value)) {
    if (typeof value["_label"] === "string" && typeof value["id"] === "string") ids.add(value["id"]);
    else if (typeof value["_type"] === "string") {
      for (const end of [value["_from"], value["_to"]]) if (typeof end === "string") ids.add(end);
    } else for (const item of Object.values(value)) collect(item, ids);
  }
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function cell(value: unknown, naming: string | undefined, options: AnswerOptions): Node {
  if (value === null || value === undefined) return h("span", { class: "kg-ask-null", text: "–", "aria-label": "nothing" });
  if (Array.isArray(value)) {
    if (value.length && value.every((item) => isPlain(item) && "_label" in item)) {
      return h("span", { class: "kg-ask-chips" }, ...value.slice(0, 20).map((item) => chip(item as Plain, options)));
    }
    return long(value.map(written).join("; "));
  }
  if (isPlain(value)) {
    if (typeof value["_label"] === "string") return chip(value, options);
    if (typeof value["_type"] === "string") return relationship(value);
    if (Array.isArray(value["_nodes"])) return path(value, options);
    return long(written(value));
  }
  if (typeof value === "string" && naming !== undefined && value) {
    const button = h("button", { type: "button", class: "kg-ask-name" }, bdi(line(value)));
    button.addEventListener("click", async () => {
      const id = await options.find(value, naming).catch(() => null);
      if (id) options.showNodes([id]);
      else options.say(`No node is called ${line(value, 60)}`);
    });
    return button;
  }
  return typeof value === "string" ? long(value) : document.createTextNode(String(value));
}

function kindOf(node: Plain): string {
  return node["benchmark"] === true ? "Benchmark" : String(node["_label"]);
}

function chip(node: Plain, options: AnswerOptions): HTMLElement {
  const id = String(node["id"] ?? "");
  const name = String(node["name"] ?? node["title"] ?? node["text"] ?? id);
  const button = h("button", { type: "button", class: "kg-ask-chip", title: `${kindOf(node)}: show it on the map` }, kindIcon(kindOf(node)), bdi(line(name, 80)));
  button.addEventListener("click", () => options.showNodes([id]));
  return button;
}

function relationship(value: Plain): HTMLElement {
  const papers = typeof value["papers"] === "number" ? ` ${count(value["papers"], "paper")}` : "";
  return h("span", { class: "kg-ask-relation" }, h("code", { text: line(String(value["_type"]), 40) }), papers);
}

function path(value: Plain, options: AnswerOptions): HTMLElement {
  const nodes = (value["_nodes"] as Plain[]).filter(isPlain);
  const links = Array.isArray(value["_relationships"]) ? (value["_relationships"] as Plain[]) : [];
  const parts: Node[] = [];
  nodes.forEach((node, at) => {
    if (at) {
      const link = links[at - 1] ?? {};
      const forward = link["_from"] === nodes[at - 1]!["id"];
      const kind = line(String(link["_type"] ?? ""), 40);
      parts.push(h("code", { class: "kg-ask-step", text: forward ? `${kind} →` : `← ${kind}` }));
    }
    parts.push(chip(node, options));
  });
  return h("span", { class: "kg-ask-chips" }, ...parts);
}

/** Text, and the rest of it at a press where it is long. */
function long(text: string): Node {
  if (text.length <= SHORT) return bdi(plain(text));
  const shown = bdi(plain(clip(text, SHORT)));
  const button = h("button", { type: "button", class: "kg-ask-rest", text: "more", "aria-expanded": "false" });
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    button.textContent = open ? "more" : "less";
    shown.textContent = plain(open ? clip(text, SHORT) : text);
  });
  return h("span", {}, shown, " ", button);
}

function written(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (isPlain(value) && "_label" in value) return String(value["name"] ?? value["title"] ?? value["id"]);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const ORDER = new Intl.Collator("en", { numeric: true });

/** Nothing comes last in both directions of a number's order as of a text's. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return ORDER.compare(written(a), written(b));
}

/** Write CSV as spreadsheets read it; a text that would be taken for a formula gets an apostrophe. */
function csv(columns: string[], rows: unknown[][]): string {
  const field = (value: unknown): string => {
    let text = written(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

function json(columns: string[], rows: unknown[][]): string {
  return JSON.stringify(rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]]))), null, 1);
}
