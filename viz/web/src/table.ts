/** What is visible, as a table: sortable, in pages; the equivalent of the map for those who do not see it. */

import { bdi, fill, h } from "./dom";
import type { Explorer } from "./explorer";
import { kindIcon } from "./looks";
import { count, line, number, words } from "./text";

const PAGE = 100;

interface Column {
  title: string;
  numeric: boolean;
  /** What rows are ordered by; texts are ordered as a person would. */
  key: (row: number) => number | string;
  cell: (row: number) => Node | string;
}

type What = "nodes" | "links";

const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

export class TableView {
  readonly element = h("div", { class: "kg-table", hidden: true });
  private what: What = "nodes";
  private sorted: Record<What, { column: number; down: boolean }> = { nodes: { column: 2, down: true }, links: { column: 3, down: true } };
  private page = 0;
  private degrees: Uint32Array | null = null;
  private ordered: { key: string; rows: Uint32Array } | null = null;

  constructor(private readonly app: Explorer) {}

  /** What is visible has changed. */
  update(): void {
    this.degrees = null;
    this.ordered = null;
    this.page = 0;
    if (!this.element.hidden) this.show();
  }

  show(): void {
    const { app } = this;
    const { visible } = app;
    const columns = this.columns();
    const total = this.what === "nodes" ? visible.nodeCount : visible.linkCount;
    const rows = this.order(columns);
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    this.page = Math.min(this.page, pages - 1);
    const tab = (what: What, text: string) =>
      h("button", { type: "button", "aria-pressed": String(this.what === what), text, "data-what": what, on: { click: () => this.switch(what) } });
    const { column: by, down } = this.sorted[this.what];
    const head = columns.map((column, at) =>
      h(
        "th",
        { scope: "col", "aria-sort": at === by ? (down ? "descending" : "ascending") : undefined, class: column.numeric ? "kg-numeric" : "" },
        h("button", { type: "button", on: { click: () => this.sort(at) } }, column.title, h("span", { class: "kg-sort", "aria-hidden": "true", text: at === by ? (down ? "↓" : "↑") : "" })),
      ),
    );
    const body = h("tbody");
    for (const row of rows.subarray(this.page * PAGE, (this.page + 1) * PAGE)) {
      body.append(h("tr", {}, ...columns.map((column, at) => h(at === 0 ? "th" : "td", { class: column.numeric ? "kg-numeric" : "", scope: at === 0 ? "row" : undefined }, column.cell(row)))));
    }
    const go = (step: number) => () => {
      this.page += step;
      this.show();
      this.element.querySelector<HTMLElement>(".kg-scroll")!.focus();
      app.say(`Page ${this.page + 1} of ${pages}`);
    };
    const turn = (text: string, step: number, can: boolean) => h("button", { type: "button", class: "kg-button", text, disabled: !can, on: { click: go(step) } });
    fill(
      this.element,
      h(
        "div",
        { class: "kg-table-top" },
        h("div", { class: "kg-segments", role: "group", "aria-label": "Rows" }, tab("nodes", `Nodes ${number(visible.nodeCount)}`), tab("links", `Links ${number(visible.linkCount)}`)),
        pages > 1 &&
          h(
            "div",
            { class: "kg-pages" },
            turn("Previous", -1, this.page > 0),
            h("span", { class: "kg-muted", text: `${number(this.page * PAGE + 1)}–${number(Math.min((this.page + 1) * PAGE, rows.length))} of ${number(rows.length)}` }),
            turn("Next", 1, this.page + 1 < pages),
          ),
      ),
      h(
        "div",
        { class: "kg-scroll", tabindex: "0", role: "region", "aria-label": `Table of visible ${this.what}` },
        h("table", {}, h("caption", { class: "kg-unseen", text: `Visible ${this.what}, ${number(total)}; sorted by ${columns[by]!.title.toLowerCase()}` }), h("thead", {}, h("tr", {}, ...head)), body),
        !rows.length && h("p", { class: "kg-muted kg-none", text: "Nothing is visible under these filters." }),
      ),
    );
  }

  private switch(what: What): void {
    this.what = what;
    this.page = 0;
    this.show();
    this.element.querySelector<HTMLElement>(`[data-what=${what}]`)!.focus();
    this.app.say(what === "nodes" ? count(this.app.visible.nodeCount, "node") : count(this.app.visible.linkCount, "link"));
  }

  private sort(column: number): void {
    const sorted = this.sorted[this.what];
    const numeric = this.columns()[column]!.numeric;
    this.sorted[this.what] = { column, down: sorted.column === column ? !sorted.down : numeric };
    this.page = 0;
    this.show();
    this.element.querySelectorAll<HTMLElement>("thead button")[column]!.focus();
    this.app.say(`Sorted by ${this.columns()[column]!.title.toLowerCase()}, ${this.sorted[this.what].down ? "descending" : "ascending"}`);
  }

  private order(columns: Column[]): Uint32Array {
    const { visible } = this.app;
    const { column, down } = this.sorted[this.what];
    const key = `${this.what} ${column} ${down}`;
    if (this.ordered?.key === key) return this.ordered.rows;
    const flags = this.what === "nodes" ? visible.nodes : visible.links;
    const rows = new Uint32Array(this.what === "nodes" ? visible.nodeCount : visible.linkCount);
    let at = 0;
    for (let row = 0; row < flags.length; row++) if (flags[row]) rows[at++] = row;
    const by = columns[column]!;
    const turned = down ? -1 : 1;
    if (by.numeric) {
      const keys = new Float64Array(flags.length);
      for (const row of rows) keys[row] = by.key(row) as number;
      rows.sort((a, b) => turned * (keys[a]! - keys[b]!) || a - b);
    } else {
      const keys = new Map<number, string>();
      for (const row of rows) keys.set(row, (by.key(row) as string).slice(0, 80));
      rows.sort((a, b) => turned * COLLATOR.compare(keys.get(a)!, keys.get(b)!) || a - b);
    }
    this.ordered = { key, rows };
    return rows;
  }

  private degree(node: number): number {
    if (!this.degrees) {
      const { core, visible } = this.app;
      this.degrees = new Uint32Array(core.n);
      for (let link = 0; link < core.m; link++) {
        if (!visible.links[link]) continue;
        this.degrees[core.source[link]!]!++;
        this.degrees[core.target[link]!]!++;
      }
    }
    return this.degrees[node]!;
  }

  private columns(): Column[] {
    const { app } = this;
    const { core } = app;
    const name = (node: number) =>
      h("button", { type: "button", class: "kg-name", on: { click: () => app.choose(node, { focus: true }) } }, kindIcon(core.kindName(node)), bdi(line(core.name(node), 120)));
    const year = (title: string, of: Uint16Array): Column => ({ title, numeric: true, key: (row) => of[row]!, cell: (row) => (of[row] ? String(of[row]) : "–") });
    if (this.what === "nodes") {
      const columns: Column[] = [
        { title: "Name", numeric: false, key: (row) => core.name(row), cell: name },
        { title: "Kind", numeric: false, key: (row) => core.kindName(row), cell: (row) => line(core.kindName(row), 30) },
        { title: "Papers", numeric: true, key: (row) => core.papers[row]!, cell: (row) => number(core.papers[row]!) },
        { title: "Links", numeric: true, key: (row) => this.degree(row), cell: (row) => number(this.degree(row)) },
        year("First year", core.first),
        year("Last year", core.last),
      ];
      if (core.header.communities.length > 1) {
        const topic = (row: number) => core.communityOf(row)?.name ?? "";
        columns.push({ title: "Topic", numeric: false, key: topic, cell: (row) => (topic(row) ? bdi(line(topic(row), 60)) : "–") });
      }
      return columns;
    }
    return [
      { title: "From", numeric: false, key: (row) => core.name(core.source[row]!), cell: (row) => name(core.source[row]!) },
      { title: "Relation", numeric: false, key: (row) => core.relationName(row), cell: (row) => words(core.relationName(row)) },
      { title: "To", numeric: false, key: (row) => core.name(core.target[row]!), cell: (row) => name(core.target[row]!) },
      { title: "Papers", numeric: true, key: (row) => core.linkPapers[row]!, cell: (row) => (core.linkPapers[row] ? number(core.linkPapers[row]!) : "–") },
      { title: "Score", numeric: true, key: (row) => core.linkScore[row]!, cell: (row) => (core.linkPapers[row] ? (core.linkScore[row]! / 100).toFixed(2) : "–") },
      year("First year", core.linkFirst),
      year("Last year", core.linkLast),
    ];
  }
}
