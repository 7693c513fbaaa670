/** The panel: what a node is, what it is linked to and why; or a path, step by step. */

import { bdi, fill, h, icon } from "./dom";
import { evidenceList } from "./evidence";
import type { Explorer } from "./explorer";
import { kindIcon, relationIcon } from "./looks";
import { Combobox } from "./combobox";
import type { Evidence, Group, Path } from "./source";
import { clip, count, line, number, plain, words, years } from "./text";
import { eachLink } from "./visible";

const PAGE = 25;
const ALIASES = 8;

/** A line of the panel: a neighbour, or a step of a path. */
interface Row {
  id: string;
  name: string;
  kind: string;
  papers: number;
  score: number | null;
  first: number;
  last: number;
  evidence: () => Promise<Evidence[]>;
  /** What the sentences are searched for, to mark it. */
  ends: () => string[][];
  /** The statement in words, for those who do not see the list. */
  statement: string;
}

const ICONS = {
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  back: "M10 3L5 8l5 5",
  more: "M4 6l4 4 4-4",
};

export class Panel {
  readonly element = h("aside", { class: "kg-panel", "aria-label": "Details", hidden: true });
  private turn = 0;

  constructor(private readonly app: Explorer) {
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        app.close();
      }
    });
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  hide(): void {
    this.turn++;
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  /** Show a node of the core; `focus`: its heading takes the focus. */
  showNode(node: number, focus: boolean): void {
    const { app } = this;
    const { core } = app;
    const turn = ++this.turn;
    const kind = core.kindName(node);
    const heading = this.begin(kind, core.name(node));
    const community = core.header.communities.length > 1 ? core.communityOf(node) : null;
    const facts = [
      core.papers[node] ? count(core.papers[node]!, "paper") : "",
      years(core.first[node]!, core.last[node]!),
      app.whole ? count(core.degree(node), "link") : "",
    ].filter(Boolean);
    const aliases = core.aliasesOf(node).filter((alias) => alias !== core.name(node));
    this.element.append(
      h(
        "div",
        { class: "kg-about" },
        h("p", { class: "kg-facts", text: facts.join(" · ") }),
        community &&
          h("p", {}, "Topic ", h("button", { type: "button", class: "kg-link", on: { click: () => app.goToCommunity(community) } }, bdi(line(community.name, 60)))),
        aliases.length > 0 && this.aliases(aliases),
        this.actions(node),
      ),
    );
    const body = h("div", { class: "kg-groups" });
    this.element.append(body);
    void this.groups(node, body, turn);
    this.finish(heading, focus);
  }

  private begin(kind: string, name: string, title = line(kind, 30)): HTMLElement {
    const { app } = this;
    const heading = h("h2", { tabindex: "-1", class: "kg-heading" }, bdi(clip(plain(name), 400) || "(no name)"));
    fill(
      this.element,
      h(
        "div",
        { class: "kg-panel-top" },
        app.canGoBack ? h("button", { type: "button", class: "kg-round", "aria-label": "Back", on: { click: () => app.back() } }, icon(ICONS.back)) : null,
        h("span", { class: "kg-kind-name" }, kind ? kindIcon(kind) : null, title),
        h("button", { type: "button", class: "kg-round kg-close", "aria-label": "Close", on: { click: () => app.close() } }, icon(ICONS.close)),
      ),
      heading,
    );
    return heading;
  }

  private finish(heading: HTMLElement, focus: boolean): void {
    this.element.hidden = false;
    this.element.scrollTop = 0;
    if (focus) heading.focus({ preventScroll: true });
  }

  private aliases(aliases: string[]): HTMLElement {
    const paragraph = h("p", { class: "kg-aliases" }, h("span", { class: "kg-muted", text: "Also " }));
    const show = (all: boolean) => {
      paragraph.replaceChildren(h("span", { class: "kg-muted", text: "Also " }));
      const shown = all ? aliases : aliases.slice(0, ALIASES);
      shown.forEach((alias, at) => paragraph.append(at ? ", " : "", bdi(line(alias, 120))));
      if (shown.length < aliases.length) {
        paragraph.append(", ", h("button", { type: "button", class: "kg-link", text: `${aliases.length - shown.length} more`, on: { click: () => show(true) } }));
      }
    };
    show(false);
    return paragraph;
  }

  private actions(node: number): HTMLElement {
    const { app } = this;
    const pinned = app.pinned.has(node);
    const pin = h("button", { type: "button", class: "kg-button", "aria-pressed": String(pinned), text: pinned ? "Pinned" : "Pin" });
    pin.addEventListener("click", () => {
      app.pin(node);
      pin.setAttribute("aria-pressed", String(app.pinned.has(node)));
      pin.textContent = app.pinned.has(node) ? "Pinned" : "Pin";
    });
    const hide = h("button", { type: "button", class: "kg-button", text: "Hide", on: { click: () => app.hide(node) } });
    const path = h("button", { type: "button", class: "kg-button", text: "Path to …", "aria-expanded": "false" });
    const field = h("input", { type: "search", class: "kg-find", placeholder: "Name of the other end", "aria-label": "Path to" });
    const place = h("div", { class: "kg-search kg-path-field", hidden: true }, field);
    new Combobox(field, {
      find: (question) => app.find(question),
      choose: (hit) => void app.pathTo(app.core.id(node), hit.id),
      say: (text) => app.say(text),
      wait: app.whole ? 0 : 150,
    });
    path.addEventListener("click", () => {
      place.hidden = !place.hidden;
      path.setAttribute("aria-expanded", String(!place.hidden));
      if (!place.hidden) field.focus();
    });
    const depth = h("div", { class: "kg-segments", role: "group", "aria-label": "How far around it" });
    const set = (value: number) => {
      app.setDepth(value);
      [...depth.children].forEach((button, at) => button.setAttribute("aria-pressed", String(at === app.depth)));
    };
    for (const value of [0, 1, 2, 3]) {
      depth.append(
        h("button", {
          type: "button",
          "aria-pressed": String(app.depth === value),
          "aria-label": value ? `Only what is ${value === 1 ? "1 step" : `${value} steps`} away` : "At any distance",
          text: value ? String(value) : "All",
          on: { click: () => set(value) },
        }),
      );
    }
    return h("div", { class: "kg-actions" }, pin, hide, path, h("span", { class: "kg-depth" }, h("span", { class: "kg-muted", text: "Depth", "aria-hidden": "true" }), depth), place);
  }

  private async groups(node: number, body: HTMLElement, turn: number): Promise<void> {
    const { app } = this;
    const { core } = app;
    const far = app.whole ? null : await app.ask(() => app.source.groups(core.id(node)));
    if (turn !== this.turn) return;
    if (far) {
      for (const group of far) body.append(this.group(group, (offset) => this.farRows(node, group, offset)));
    } else {
      const { groups, filtered } = this.nearGroups(node);
      for (const { links, ...group } of groups) {
        body.append(this.group(group, async (offset) => links.slice(offset, offset + PAGE).map((link) => this.nearRow(node, link, group.direction))));
      }
      if (filtered) body.append(h("p", { class: "kg-muted kg-note-small", text: `${count(filtered, "link")} hidden by filters` }));
      else if (!groups.length) body.append(h("p", { class: "kg-muted kg-note-small", text: "It has no links." }));
    }
  }

  private nearGroups(node: number): { groups: (Group & { links: number[] })[]; filtered: number } {
    const { core, visible } = this.app;
    const kept = new Map<number, number[]>();
    let filtered = 0;
    eachLink(core, node, (link, other) => {
      if (!visible.links[link]) {
        filtered++;
        return;
      }
      const key = 2 * core.relation[link]! + (core.source[link] === node && other === core.target[link] ? 0 : 1);
      const links = kept.get(key);
      if (links) links.push(link);
      else kept.set(key, [link]);
    });
    const groups = [...kept].map(([key, links]) => {
      const out = key % 2 === 0;
      const other = (link: number) => (out ? core.target[link]! : core.source[link]!);
      links.sort((a, b) => core.linkPapers[b]! - core.linkPapers[a]! || core.linkScore[b]! - core.linkScore[a]! || other(a) - other(b));
      return { relation: core.header.relations[key >> 1]!, direction: out ? ("out" as const) : ("in" as const), total: links.length, links };
    });
    return { groups: groups.sort((a, b) => b.total - a.total), filtered };
  }

  private nearRow(node: number, link: number, direction: "out" | "in"): Row {
    const { core, source } = this.app;
    const other = direction === "out" ? core.target[link]! : core.source[link]!;
    const name = core.name(other);
    const relation = words(core.relationName(link));
    const ends: [string, string] = direction === "out" ? [core.name(node), name] : [name, core.name(node)];
    return {
      id: core.id(other),
      name,
      kind: core.kindName(other),
      papers: core.linkPapers[link]!,
      score: core.linkPapers[link] ? core.linkScore[link]! / 100 : null,
      first: core.linkFirst[link]!,
      last: core.linkLast[link]!,
      evidence: () => source.evidence(core, link),
      ends: () => [
        [core.name(node), ...core.aliasesOf(node)],
        [name, ...core.aliasesOf(other)],
      ],
      statement: `${line(ends[0], 60)} ${relation} ${line(ends[1], 60)}`,
    };
  }

  private async farRows(node: number, group: Group, offset: number): Promise<Row[]> {
    const { core, source } = this.app;
    const id = core.id(node);
    const found = await source.neighbours(id, group, offset, PAGE);
    return found.map((one) => {
      const [subject, object] = group.direction === "out" ? [id, one.id] : [one.id, id];
      const own = core.name(node);
      const [from, to] = group.direction === "out" ? [own, one.name] : [one.name, own];
      return {
        ...one,
        evidence: () => source.evidenceOf(subject, group.relation, object),
        ends: () => [[own, ...core.aliasesOf(node)], [one.name]],
        statement: `${line(from, 60)} ${words(group.relation)} ${line(to, 60)}`,
      };
    });
  }

  private group(group: Group, load: (offset: number) => Promise<Row[]>): HTMLElement {
    const { app } = this;
    const title = group.direction === "out" ? words(group.relation) : `${words(group.relation)} this`;
    const list = h("ul", { class: "kg-rows" });
    const more = h("button", { type: "button", class: "kg-more" });
    let shown = 0;
    const next = async (focus: boolean) => {
      const rows = await app.ask(() => load(shown));
      if (!rows) return;
      const first = shown;
      for (const row of rows) list.append(this.row(row));
      shown += rows.length;
      const rest = group.total - shown;
      more.hidden = rest <= 0 || !rows.length;
      more.textContent = `${Math.min(PAGE, rest)} more of ${number(rest)}`;
      if (focus) {
        list.children[first]?.querySelector<HTMLElement>(".kg-name")?.focus();
        app.say(`${count(rows.length, "more neighbour")}, ${number(shown)} of ${number(group.total)}`);
      }
    };
    more.addEventListener("click", () => void next(true));
    void next(false);
    return h(
      "section",
      { class: "kg-group", "data-relation": group.relation, "data-direction": group.direction },
      h("h3", {}, relationIcon(group.relation), h("span", { text: title }), h("span", { class: "kg-count", text: number(group.total) })),
      list,
      more,
    );
  }

  private row(row: Row): HTMLElement {
    const { app } = this;
    const place = h("div", { class: "kg-why", hidden: true });
    const why = h("button", { type: "button", class: "kg-round kg-chevron", "aria-expanded": "false", "aria-label": `Evidence: ${row.statement}` }, icon(ICONS.more));
    why.addEventListener("click", async () => {
      place.hidden = !place.hidden;
      why.setAttribute("aria-expanded", String(!place.hidden));
      if (place.hidden || place.childElementCount) return;
      const evidence = await app.ask(row.evidence);
      if (evidence) fill(place, evidenceList(evidence, row.ends()));
    });
    const name = h("button", { type: "button", class: "kg-name", on: { click: () => void app.chooseId(row.id, { focus: true }) } }, kindIcon(row.kind), bdi(line(row.name, 200)));
    name.addEventListener("mouseenter", () => app.glance(row.id));
    name.addEventListener("mouseleave", () => app.glance(null));
    return h(
      "li",
      { class: "kg-row" },
      h("div", { class: "kg-row-line" }, name, facts(row), why),
      place,
    );
  }

  /** Show a path that was found, as a list of its steps. */
  showPath(path: Path, ends: [string, string], evidence: (step: number) => Promise<Evidence[]>, focus: boolean): void {
    this.turn++;
    const { app } = this;
    const [from, to] = ends;
    const heading = this.begin("", `${clip(plain(from), 120)} → ${clip(plain(to), 120)}`, "Shortest path");
    const list = h("ol", { class: "kg-rows kg-steps" });
    path.nodes.forEach((node, at) => {
      list.append(
        h(
          "li",
          { class: "kg-row kg-step" },
          h("button", { type: "button", class: "kg-name", on: { click: () => void app.chooseId(node.id, { focus: true }) } }, kindIcon(node.kind), bdi(line(node.name, 200))),
        ),
      );
      const link = path.links[at];
      const next = path.nodes[at + 1];
      if (!link || !next) return;
      const forth = link.subject === node.id;
      const place = h("div", { class: "kg-why", hidden: true });
      const why = h("button", { type: "button", class: "kg-round kg-chevron", "aria-expanded": "false", "aria-label": `Evidence: ${line(forth ? node.name : next.name, 60)} ${words(link.relation)} ${line(forth ? next.name : node.name, 60)}` }, icon(ICONS.more));
      why.addEventListener("click", async () => {
        place.hidden = !place.hidden;
        why.setAttribute("aria-expanded", String(!place.hidden));
        if (place.hidden || place.childElementCount) return;
        const found = await app.ask(() => evidence(at));
        if (found) fill(place, evidenceList(found, [[node.name], [next.name]]));
      });
      list.append(
        h(
          "li",
          { class: "kg-row kg-hop" },
          h("div", { class: "kg-row-line" }, relationIcon(link.relation), h("span", { class: "kg-hop-words", text: `${forth ? "" : "← "}${words(link.relation)}${forth ? " →" : ""}` }), facts(link), why),
          place,
        ),
      );
    });
    this.element.append(
      h("div", { class: "kg-about" }, h("p", { class: "kg-facts", text: path.links.length ? `${count(path.links.length, "step")} over what is visible` : "No path leads from one to the other over what is visible." })),
      h("div", { class: "kg-groups" }, path.links.length > 0 && list),
    );
    this.finish(heading, focus);
  }
}

function facts(row: { papers: number; score: number | null; first: number; last: number }): HTMLElement {
  const span = years(row.first, row.last);
  return h(
    "span",
    { class: "kg-row-facts" },
    span && h("span", { text: span, class: "kg-row-years" }),
    row.papers > 0 && row.score !== null && h("span", { text: row.score.toFixed(2), title: "Score: how sure the extraction is, 0 to 1", class: "kg-row-score" }),
    row.papers > 0 && h("span", { class: "kg-row-papers", title: count(row.papers, "paper") }, number(row.papers), h("span", { class: "kg-unseen", text: row.papers === 1 ? " paper" : " papers" })),
  );
}
