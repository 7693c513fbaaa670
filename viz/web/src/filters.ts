/** The filters with their live counts; they are the legend too. Also topics, pinned and hidden nodes. */

import { bdi, fill, h, svg } from "./dom";
import type { Explorer } from "./explorer";
import { kindIcon, kindLook, relationIcon } from "./looks";
import { count, line, number, words } from "./text";

const SUPPORT = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500];
const TOPICS = 8;

export class FilterPane {
  readonly element = h("aside", { class: "kg-filters", "aria-label": "Filters", id: "kg-filters" });
  private readonly kinds = h("ul", { class: "kg-checks" });
  private readonly relations = h("ul", { class: "kg-checks" });
  private readonly time = h("div", { class: "kg-years" });
  private readonly support = h("input", { type: "range", min: 0, step: 1, id: "kg-support", class: "kg-range" });
  private readonly supportText = h("output", { for: "kg-support", class: "kg-count" });
  private readonly linked = h("input", { type: "checkbox", id: "kg-linked" });
  private readonly topics = h("section", { class: "kg-filter" });
  private readonly kept = h("section", { class: "kg-filter" });
  private readonly reset = h("button", { type: "button", class: "kg-button", text: "Reset filters" });
  private counts: { kinds: HTMLElement[]; relations: HTMLElement[] } = { kinds: [], relations: [] };
  private boxes: { kinds: HTMLInputElement[]; relations: HTMLInputElement[] } = { kinds: [], relations: [] };
  private ends: [HTMLInputElement, HTMLInputElement] | null = null;
  private bars: SVGElement[] = [];

  constructor(private readonly app: Explorer) {
    const section = (title: string, ...children: Node[]) => h("section", { class: "kg-filter" }, h("h2", { text: title }), ...children);
    const timed = section("Years", this.time);
    timed.classList.add("kg-filter-years");
    this.element.append(
      section("Kinds", this.kinds),
      timed,
      h(
        "section",
        { class: "kg-filter" },
        h("h2", {}, h("label", { for: "kg-support", text: "Support" }), this.supportText),
        this.support,
        h("label", { class: "kg-check" }, this.linked, h("span", { text: "Only nodes with links" })),
      ),
      section("Relations", this.relations),
      this.topics,
      this.kept,
      h("div", { class: "kg-filter" }, this.reset),
    );
    this.support.addEventListener("input", () => {
      app.filters.papers = SUPPORT[Number(this.support.value)] ?? 1;
      app.change();
    });
    this.linked.addEventListener("change", () => {
      app.filters.linked = this.linked.checked;
      app.change();
    });
    this.reset.addEventListener("click", () => app.resetFilters());
  }

  /** Make the lists of a graph. */
  load(): void {
    const { app } = this;
    const { core } = app;
    const { kinds, relations } = core.header;
    const check = (which: "kinds" | "relations", at: number, picture: SVGElement, text: string, off: Set<number>, all: number) => {
      const box = h("input", { type: "checkbox", "data-name": which === "kinds" ? kinds[at]! : relations[at]! });
      const counted = h("span", { class: "kg-count" });
      const only = h("button", { type: "button", class: "kg-only", text: "only", "aria-label": `Only ${text}` });
      box.addEventListener("change", () => {
        if (box.checked) off.delete(at);
        else off.add(at);
        app.change();
      });
      only.addEventListener("click", () => {
        const alone = !off.has(at) && off.size === all - 1;
        off.clear();
        if (!alone) for (let other = 0; other < all; other++) if (other !== at) off.add(other);
        app.change();
      });
      this.boxes[which][at] = box;
      this.counts[which][at] = counted;
      return h("li", {}, h("label", { class: "kg-check" }, box, picture, h("span", { class: "kg-check-text", text }), counted), only);
    };
    this.boxes = { kinds: [], relations: [] };
    this.counts = { kinds: [], relations: [] };
    const present = { kinds: new Set(core.kind), relations: new Set(core.relation) };
    fill(this.kinds, ...kinds.map((kind, at) => present.kinds.has(at) && check("kinds", at, kindIcon(kind), kindLook(kind).plural === "Others" ? line(kind, 30) : kindLook(kind).plural, app.filters.kindsOff, kinds.length)));
    fill(this.relations, ...relations.map((relation, at) => present.relations.has(at) && check("relations", at, relationIcon(relation), words(relation), app.filters.relationsOff, relations.length)));
    let most = 1;
    for (const papers of core.linkPapers) if (papers > most) most = papers;
    const top = SUPPORT.findLastIndex((step) => step <= most);
    this.support.max = String(Math.max(top, 1));
    this.loadYears();
    this.loadTopics(false);
    this.show();
  }

  private loadYears(): void {
    const { app } = this;
    const range = app.core.header.years;
    this.ends = null;
    this.bars = [];
    this.element.querySelector<HTMLElement>(".kg-filter-years")!.hidden = !range || range[0] === range[1];
    if (!range || range[0] === range[1]) return fill(this.time);
    const [first, last] = range;
    const heights = new Array<number>(last - first + 1).fill(0);
    const { linkFirst, linkLast, m } = app.core;
    for (let link = 0; link < m; link++) {
      const from = linkFirst[link]!;
      if (!from) continue;
      for (let year = Math.max(from, first); year <= Math.min(linkLast[link]!, last); year++) heights[year - first]!++;
    }
    const top = Math.max(...heights, 1);
    this.bars = heights.map((height, at) => svg("rect", { x: at + 0.1, width: 0.8, y: 1 - height / top, height: height / top }));
    const chart = svg("svg", { viewBox: `0 0 ${heights.length} 1`, preserveAspectRatio: "none", class: "kg-bars", "aria-hidden": "true" }, ...this.bars);
    const slider = (label: string, value: number) => h("input", { type: "range", class: "kg-range", min: first, max: last, step: 1, value, "aria-label": label });
    const [low, high] = [slider("First year", first), slider("Last year", last)];
    const set = () => {
      const [from, to] = [Number(low.value), Number(high.value)].sort((a, b) => a - b) as [number, number];
      app.filters.years = from <= first && to >= last ? null : [from, to];
      app.change();
    };
    low.addEventListener("input", set);
    high.addEventListener("input", set);
    this.ends = [low, high];
    fill(this.time, chart, h("div", { class: "kg-two-ranges" }, low, high), h("p", { class: "kg-year-text" }, h("span"), h("span")));
  }

  private loadTopics(all: boolean): void {
    const { app } = this;
    const { communities } = app.core.header;
    this.topics.hidden = communities.length < 2;
    const shown = all ? communities : communities.slice(0, TOPICS);
    const list = h("ul", { class: "kg-topics" });
    for (const community of shown) {
      list.append(
        h("li", {}, h("button", { type: "button", class: "kg-topic", on: { click: () => app.goToCommunity(community) } }, bdi(line(community.name, 60)), h("span", { class: "kg-count", text: number(community.nodes) }))),
      );
    }
    fill(this.topics, h("h2", { text: "Topics" }), list);
    if (shown.length < communities.length) {
      this.topics.append(h("button", { type: "button", class: "kg-more", text: `${communities.length - shown.length} more`, "aria-label": `${communities.length - shown.length} more topics`, on: { click: () => this.loadTopics(true) } }));
    }
  }

  /** Bring boxes and counts up to date. */
  show(): void {
    const { app } = this;
    const { filters, visible, core } = app;
    const update = (which: "kinds" | "relations", off: Set<number>, counts: number[]) =>
      this.boxes[which].forEach((box, at) => {
        box.checked = !off.has(at);
        this.counts[which][at]!.textContent = number(counts[at] ?? 0);
        box.closest("li")!.classList.toggle("kg-off", off.has(at));
      });
    update("kinds", filters.kindsOff, visible.kindCounts);
    update("relations", filters.relationsOff, visible.relationCounts);
    this.support.value = String(Math.max(0, SUPPORT.findLastIndex((step) => step <= filters.papers)));
    this.supportText.textContent = filters.papers > 1 ? `≥ ${count(filters.papers, "paper")}` : "any";
    this.support.setAttribute("aria-valuetext", filters.papers > 1 ? `at least ${count(filters.papers, "paper")}` : "any");
    this.linked.checked = filters.linked;
    if (this.ends && core.header.years) {
      const [from, to] = filters.years ?? core.header.years;
      this.ends[0].value = String(from);
      this.ends[1].value = String(to);
      const [low, high] = this.time.querySelectorAll(".kg-year-text span");
      low!.textContent = String(from);
      high!.textContent = String(to);
      this.bars.forEach((bar, at) => bar.classList.toggle("kg-out", at + core.header.years![0] < from || at + core.header.years![0] > to));
    }
    this.reset.disabled = !app.filtered;
    this.showKept();
  }

  private showKept(): void {
    const { app } = this;
    const list = (title: string, nodes: ReadonlySet<number>, verb: string, undo: (node: number) => void) => {
      if (!nodes.size) return null;
      const rows = [...nodes].slice(0, 50).map((node) =>
        h(
          "li",
          {},
          h("button", { type: "button", class: "kg-name", on: { click: () => app.choose(node, { focus: true, fly: true }) } }, kindIcon(app.core.kindName(node)), bdi(line(app.core.name(node), 80))),
          h("button", { type: "button", class: "kg-link", text: verb, "aria-label": `${verb} ${line(app.core.name(node), 60)}`, on: { click: () => undo(node) } }),
        ),
      );
      return h("div", {}, h("h2", {}, title, h("span", { class: "kg-count", text: number(nodes.size) })), h("ul", { class: "kg-kept" }, ...rows));
    };
    this.kept.hidden = !app.pinned.size && !app.hidden.size;
    fill(
      this.kept,
      list("Pinned", app.pinned, "Unpin", (node) => app.pin(node)),
      list("Hidden", app.hidden, "Show", (node) => app.unhide(node)),
    );
  }
}
