/** The explorer: holds what is chosen, filtered, pinned and hidden, and keeps map, panel, filters, table and address in
 * step with it. */

import { type Address, read, write } from "./address";
import { Combobox } from "./combobox";
import type { Community, Core } from "./core";
import { FilterPane } from "./filters";
import { type Frame, makeFrame, type View } from "./frame";
import type { Theme } from "./looks";
import { MapView } from "./map";
import { State } from "./painter";
import { Panel } from "./panel";
import type { Hit } from "./search";
import { PartsSource, type About, type Path, type Source } from "./source";
import { TableView } from "./table";
import { count, line, number } from "./text";
import { eachLink, type Filters, judge, noFilters, shortestPath, type Visible } from "./visible";

/** Up to so many visible links are drawn wide and in the colour of their relation. */
const FEW_LINKS = 1_500;
/** Links drawn wide around what is chosen. */
const NEAR_LINKS = 4_000;
const SUGGESTIONS = 12;
/** Up to so many nodes around a chosen one the map shows at once. */
const AROUND = 20_000;

export interface Options {
  /** In another page, such as a notebook: no address, no keys of the whole window. */
  embedded?: boolean;
  /** Puts the query view into its place (the app has one). */
  ask?: (host: HTMLElement, api: string, showNodes: (ids: string[]) => void) => void;
}

export class Explorer {
  core!: Core;
  visible!: Visible;
  filters: Filters = noFilters();
  readonly pinned = new Set<number>();
  readonly hidden = new Set<number>();
  selected = -1;
  depth = 0;
  whole = true;
  readonly frame: Frame;
  readonly map: MapView;
  readonly panel: Panel;
  readonly table: TableView;
  private readonly pane: FilterPane;
  private readonly combobox: Combobox;
  private about!: About;
  private path: { from: string; to: string; links: number[] } | null = null;
  private spot: Set<number> = new Set();
  private glanced = -1;
  private thin = new Uint32Array(0);
  private view: View = "map";
  private walked: string[] = [];
  private saving = 0;
  private redraw = 0;

  constructor(
    readonly host: HTMLElement,
    readonly source: Source,
    private readonly options: Options,
  ) {
    this.map = new MapView({
      choose: (node, { path }) => {
        if (path && this.selected >= 0 && node !== this.selected) void this.pathTo(this.core.id(this.selected), this.core.id(node));
        else this.choose(node, { focus: false });
      },
      background: () => this.close(),
      community: (index) => this.goToCommunity(this.core.header.communities[index]!),
      moved: () => this.save(),
      key: (event) => this.mapKey(event),
    });
    this.panel = new Panel(this);
    this.table = new TableView(this);
    this.pane = new FilterPane(this);
    this.frame = makeFrame(this, { ask: Boolean(options.ask && source.api) });
    this.combobox = new Combobox(this.frame.search, {
      find: (question) => this.find(question),
      choose: (hit) => void this.chooseId(hit.id, { focus: true, fly: true }),
      say: (text) => this.say(text),
      wait: source.api ? 120 : 0,
    });
  }

  get filterElement(): HTMLElement {
    return this.pane.element;
  }

  get title(): string {
    return this.about?.title ?? "";
  }

  /** Load and draw; resolves once one can search. */
  async start(): Promise<void> {
    this.about = await this.source.about();
    this.whole = this.about.whole;
    const address = this.options.embedded ? read("") : read(location.hash);
    if (this.whole) this.load(await this.source.core());
    else await this.startPart(address);
    performance.mark("kg:drawn");
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    if (this.source instanceof PartsSource && this.core) this.source.prepare(this.core);
    await this.apply(address, true);
    if (!this.options.embedded) {
      addEventListener("popstate", () => void this.apply(read(location.hash), false));
      addEventListener("hashchange", () => void this.apply(read(location.hash), false));
    }
    if (this.frame.search.value) this.combobox.typed();
    this.host.dataset.ready = "true";
    performance.mark("kg:usable");
    this.showCounts();
  }

  /** Begin with the neighbourhood that the address names, or with the search alone. */
  private async startPart(address: Address): Promise<void> {
    this.frame.welcome(true, address.node ? "Reading …" : "");
    const core = address.node ? await this.ask(() => this.source.part([address.node!], Math.max(1, address.depth))) : null;
    if (core) this.load(core);
    else this.frame.welcome(true, `${count(this.about.nodes, "node")} and ${count(this.about.links, "link")}. Search for a name to begin.`);
  }

  private load(core: Core): void {
    const before = this.core as Core | undefined;
    // Another part of the same graph may number kinds and relations otherwise.
    const carry = (off: Set<number>, from: string[], to: string[]) => new Set([...off].map((at) => to.indexOf(from[at]!)).filter((at) => at >= 0));
    const { kindsOff, relationsOff } = this.filters;
    const filters = before
      ? { ...this.filters, kindsOff: carry(kindsOff, before.header.kinds, core.header.kinds), relationsOff: carry(relationsOff, before.header.relations, core.header.relations) }
      : noFilters();
    this.core = core;
    this.selected = -1;
    this.path = null;
    this.spot = new Set();
    this.pinned.clear();
    this.hidden.clear();
    this.filters = filters;
    this.frame.welcome(false, "");
    this.map.theme = this.frame.theme;
    this.map.load(core);
    this.judge();
    this.frame.layout();
    if (this.view === "table") this.table.update();
    this.draw();
    // At once: the first frame shows the graph, not an empty map.
    this.map.paint();
    this.pane.load();
  }

  /** Something that decides what is visible has changed. */
  change(): void {
    this.judge();
    this.pane.show();
    this.draw();
    clearTimeout(this.redraw);
    // The panel's lists and the table follow when a slider rests.
    this.redraw = window.setTimeout(() => {
      this.table.update();
      if (this.panel.open && this.selected >= 0 && !this.path) this.panel.showNode(this.selected, false);
    }, 120);
    this.save();
    this.showCounts();
  }

  private judge(): void {
    this.visible = judge(this.core, {
      filters: this.filters,
      hidden: this.hidden,
      pinned: this.pinned,
      centre: this.selected,
      depth: this.selected >= 0 ? this.depth : 0,
    });
    const { links, linkCount, nodeCount } = this.visible;
    if (this.map.sizes) this.map.sizes.boost = Math.min(Math.max((this.core.n / (nodeCount + 1)) ** 0.25, 1), 2);
    this.thin = new Uint32Array(linkCount <= FEW_LINKS ? 0 : linkCount);
    if (this.thin.length) {
      let at = 0;
      for (const link of this.core.strongest) if (links[link]) this.thin[at++] = link;
    }
  }

  private draw(): void {
    const { core, visible, selected } = this;
    const states = new Uint8Array(core.n);
    const near: number[] = [];
    const named: number[] = [];
    const focused = (selected >= 0 && this.depth === 0) || this.path !== null || this.spot.size > 0;
    const rest = focused ? State.Dim : State.Normal;
    for (let node = 0; node < core.n; node++) if (visible.nodes[node]) states[node] = rest;
    for (const node of this.spot) if (states[node]) states[node] = State.Near;
    if (this.path) {
      for (const link of this.path.links) {
        near.push(link);
        for (const node of [core.source[link]!, core.target[link]!]) {
          states[node] = State.Near;
          if (!named.includes(node)) named.push(node);
        }
      }
    } else if (selected >= 0) {
      named.push(selected);
      eachLink(core, selected, (link, other) => {
        if (!visible.links[link]) return;
        if (near.length < NEAR_LINKS) near.push(link);
        states[other] = State.Near;
      });
    }
    if (selected >= 0 && visible.nodes[selected]) states[selected] = State.Chosen;
    if (this.glanced >= 0 && states[this.glanced]) {
      states[this.glanced] = State.Near;
      named.unshift(this.glanced);
    }
    for (const node of this.pinned) if (states[node]) named.push(node);
    const chosen = new Set(near);
    const wide = visible.linkCount <= FEW_LINKS ? [...each(visible.links), ...near] : near;
    const faint = focused ? 0.1 : Math.min(0.55, 0.25 + 30 / (visible.linkCount + 1));
    this.map.show({
      states,
      thin: this.thin,
      wide,
      wideStrength: (link) => (chosen.has(link) ? (near.length > 60 ? 0.5 : 0.8) : faint),
      named,
      chosen: selected,
      focused,
      near: focused ? byState(states) : [],
    });
  }

  /** Choose a node: panel, map and address follow. `fly`: the map goes there. */
  choose(node: number, { focus = false, fly = false, push = true } = {}): void {
    const { core } = this;
    const before = this.selected;
    if (push && before !== node) this.remember();
    this.selected = node;
    this.path = null;
    this.spot.clear();
    this.glanced = -1;
    if (this.hidden.delete(node) || !this.visible.nodes[node] || this.depth > 0) this.judge();
    this.panel.showNode(node, focus);
    this.frame.layout();
    this.pane.show();
    this.draw();
    if (this.view === "map") this.map.goTo(node, fly);
    if (this.depth > 0) this.table.update();
    this.save(push && before !== node);
    this.say(`${line(core.name(node), 80)}, ${core.kindName(node)}, ${count(core.degree(node), "link")}`);
    this.showCounts();
  }

  /** Choose by id; where it is not in the drawn part, its neighbourhood is loaded. */
  async chooseId(id: string, options: { focus?: boolean; fly?: boolean; push?: boolean } = {}): Promise<void> {
    let node = this.core ? this.core.ids.find(id) : -1;
    if (!this.whole && (node < 0 || this.selected !== node)) {
      const part = await this.part([id], Math.max(1, this.depth));
      if (!part) return;
      if (options.push ?? true) this.remember();
      this.load(part);
      node = this.core.ids.find(id);
    }
    if (node < 0) return this.say("That node is not in this graph");
    this.choose(node, options);
  }

  /** Load a neighbourhood; undefined where that did not work. */
  private async part(ids: string[], hops: number): Promise<Core | undefined> {
    if (!this.core) this.frame.welcome(true, "Reading …");
    else this.say("Reading …");
    const core = await this.ask(() => this.source.part(ids, hops));
    if (!core && !this.core) this.frame.welcome(true, "Search for a name to begin.");
    return core;
  }

  /** Close the panel and forget what is chosen. */
  close(): void {
    if (this.selected < 0 && !this.path && !this.spot.size) return;
    const inside = this.panel.element.contains(document.activeElement);
    this.remember();
    this.unchoose();
    this.save(true);
    if (inside) (this.view === "map" ? this.map.element : this.table.element.querySelector<HTMLElement>(".kg-scroll"))?.focus({ preventScroll: true });
    this.say("Closed");
  }

  private unchoose(): void {
    this.selected = -1;
    this.path = null;
    this.spot.clear();
    this.panel.hide();
    this.frame.layout();
    if (!this.core) return;
    if (this.depth > 0) {
      this.judge();
      this.table.update();
    }
    this.pane.show();
    this.draw();
    this.showCounts();
  }

  /** Find a shortest path over what is visible and show it. */
  async pathTo(from: string, to: string, push = true): Promise<void> {
    const { core } = this;
    const far = await this.ask(() => this.source.path(from, to));
    if (far === undefined) return;
    const [a, b] = [core.ids.find(from), core.ids.find(to)];
    let links: number[] = [];
    let path: Path | null = far;
    if (!path) {
      if (a < 0 || b < 0) return this.say("That node is not in this graph");
      links = shortestPath(core, this.visible, a, b) ?? [];
      path = pathOf(core, a, links);
    }
    if (push) this.remember();
    this.selected = a;
    this.spot.clear();
    this.path = { from, to, links };
    const name = (node: number, id: string) => path.nodes.find((one) => one.id === id)?.name ?? (node >= 0 ? core.name(node) : id);
    this.panel.showPath(
      path,
      [name(a, from), name(b, to)],
      (step) => {
        const link = path.links[step]!;
        return links.length ? this.source.evidence(core, links[step]!) : this.source.evidenceOf(link.subject, link.relation, link.object);
      },
      true,
    );
    this.frame.layout();
    this.draw();
    if (links.length) this.map.fly(this.map.around(links.flatMap((link) => [core.source[link]!, core.target[link]!])));
    this.save(push);
    this.say(path.links.length ? `Path of ${count(path.links.length, "step")}` : "No path");
  }

  /** Show these nodes among themselves: what a query answered. */
  async showNodes(ids: string[]): Promise<void> {
    this.show("map");
    if (!this.whole) {
      const part = await this.part(ids, 0);
      if (part) this.load(part);
      return;
    }
    this.unchoose();
    this.spot = new Set(ids.map((id) => this.core.ids.find(id)).filter((node) => node >= 0));
    this.draw();
    if (this.spot.size) this.map.fly(this.map.around([...this.spot]));
    this.say(`${count(this.spot.size, "node")} shown`);
  }

  /** Point at a node of the panel's list on the map; null: no more. */
  glance(id: string | null): void {
    const node = id === null ? -1 : this.core.ids.find(id);
    if (node === this.glanced) return;
    this.glanced = node;
    this.draw();
  }

  goToCommunity(community: Community): void {
    this.show("map");
    this.map.goToCommunity(community);
    if (this.host.classList.contains("kg-narrow")) this.frame.drawer(false);
    this.say(`Topic ${line(community.name, 80)}, ${count(community.nodes, "node")}`);
  }

  pin(node: number): void {
    const name = line(this.core.name(node), 60);
    if (this.pinned.delete(node)) this.say(`${name} is no longer pinned`);
    else {
      this.pinned.add(node);
      this.say(`${name} is pinned: it stays whatever the filters say`);
    }
    this.change();
  }

  hide(node: number): void {
    this.hidden.add(node);
    this.pinned.delete(node);
    const inside = this.panel.element.contains(document.activeElement);
    if (this.selected === node) this.unchoose();
    this.change();
    if (inside) this.map.element.focus({ preventScroll: true });
    this.say(`${line(this.core.name(node), 60)} is hidden; the filters list it`);
  }

  unhide(node: number): void {
    this.hidden.delete(node);
    this.change();
    this.say(`${line(this.core.name(node), 60)} is shown again`);
  }

  setDepth(depth: number): void {
    this.depth = depth;
    if (!this.whole && this.selected >= 0 && depth > 0) {
      const id = this.core.id(this.selected);
      void this.part([id], depth).then((part) => {
        if (!part) return;
        this.load(part);
        const node = part.ids.find(id);
        if (node >= 0) this.choose(node, { push: false });
      });
      return;
    }
    this.change();
    const near = [...each(this.visible.nodes)];
    if (depth && this.selected >= 0 && this.view === "map" && near.length < AROUND) this.map.fly(this.map.around(near));
    this.say(depth ? `${count(this.visible.nodeCount, "node")} within ${count(depth, "step")}` : "All are shown");
  }

  get filtered(): boolean {
    const { kindsOff, relationsOff, years, papers, linked } = this.filters;
    return kindsOff.size + relationsOff.size > 0 || years !== null || papers > 1 || linked || this.hidden.size > 0;
  }

  resetFilters(): void {
    this.filters.kindsOff.clear();
    this.filters.relationsOff.clear();
    Object.assign(this.filters, { years: null, papers: 1, linked: false });
    this.hidden.clear();
    this.change();
    this.say("Filters are reset");
  }

  async find(question: string): Promise<Hit[]> {
    return (await this.ask(() => this.source.search(question, SUGGESTIONS, this.core))) ?? [];
  }

  /** Ask the source for something; if it cannot answer, say so. */
  async ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      return await question();
    } catch (error) {
      this.say(`That did not work: ${error instanceof Error ? line(error.message, 300) : "unknown error"}`, true);
      return undefined;
    }
  }

  /** Tell the person, also by screen reader. */
  say(text: string, failed = false): void {
    this.frame.say(text, failed);
  }

  private showCounts(): void {
    if (!this.core) return;
    const { visible, core } = this;
    const some = (shown: number, all: number, noun: string) => (shown === all ? count(all, noun) : `${number(shown)} of ${count(all, noun)}`);
    const part = this.whole ? "" : ` · a part of ${number(this.about.nodes)}`;
    this.frame.counts(`${some(visible.nodeCount, core.n, "node")} · ${some(visible.linkCount, core.m, "link")}${part}`);
  }

  /** Show the map, the table or the query box. */
  show(view: View): void {
    if (view === this.view) return;
    this.view = view;
    this.frame.show(view);
    if (view === "table" && this.core) this.table.show();
    if (view === "map") this.map.resize();
    this.save();
  }

  get shown(): View {
    return this.view;
  }

  mountAsk(place: HTMLElement): void {
    if (this.source.api !== null) this.options.ask?.(place, this.source.api, (ids) => void this.showNodes(ids));
  }

  setTheme(theme: Theme): void {
    this.map.theme = theme;
    if (this.core) this.draw();
  }

  private mapKey(event: KeyboardEvent): boolean {
    if (this.selected >= 0 && event.key === "h") this.hide(this.selected);
    else if (this.selected >= 0 && event.key === "p") this.pin(this.selected);
    else return false;
    return true;
  }

  // ---- Address and history -----------------------------------------------------------------------------------------

  get canGoBack(): boolean {
    return this.walked.length > 0;
  }

  back(): void {
    const last = this.walked.pop();
    if (last === undefined) return;
    if (this.options.embedded) void this.apply(read(last), false);
    else history.back();
  }

  private remember(): void {
    this.write(false);
    this.walked.push(write(this.address()));
    if (this.walked.length > 500) this.walked.shift();
  }

  private address(): Address {
    const { core, map, filters } = this;
    const id = (node: number) => core.id(node);
    if (!core) return read("");
    return {
      node: this.path ? this.path.from : this.selected >= 0 ? id(this.selected) : null,
      path: this.path ? this.path.to : null,
      kindsOff: Array.from(filters.kindsOff, (kind) => core.header.kinds[kind]!),
      relationsOff: Array.from(filters.relationsOff, (relation) => core.header.relations[relation]!),
      years: filters.years,
      papers: filters.papers,
      linked: filters.linked,
      depth: this.depth,
      pinned: Array.from(this.pinned, id),
      hidden: Array.from(this.hidden, id),
      view: this.view,
      camera: map.fitted ? null : { x: map.camera.x, y: map.camera.y, zoom: map.camera.zoom },
    };
  }

  /** Keep the state in the address: a new entry in the history, or (soon) in place of the last. */
  private save(push = false): void {
    // A notebook that shows this page in a frame follows what is chosen.
    if (window.parent !== window) window.parent.postMessage({ kg: "selected", id: this.selected >= 0 ? this.core.id(this.selected) : "" }, "*");
    if (this.options.embedded || !this.host.dataset.ready) return;
    clearTimeout(this.saving);
    if (push) this.write(true);
    else this.saving = window.setTimeout(() => this.write(false), 250);
  }

  private write(push: boolean): void {
    if (this.options.embedded || !this.host.dataset.ready) return;
    clearTimeout(this.saving);
    const text = write(this.address());
    try {
      if (push) history.pushState(null, "", `#${text}`);
      else history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch {
      // Some places (a sandboxed frame) have no history: the explorer works without.
    }
  }

  /** Become what an address says. */
  private async apply(address: Address, first: boolean): Promise<void> {
    if (!first) this.walked.pop();
    clearTimeout(this.saving);
    if (!this.whole && address.node && (!this.core || this.core.ids.find(address.node) < 0)) {
      const part = await this.part([address.node!], Math.max(1, address.depth));
      if (part) this.load(part);
    }
    const { core, filters } = this;
    if (!core) return this.show(address.view);
    const numbers = (names: string[], all: string[]) => new Set(names.map((name) => all.indexOf(name)).filter((at) => at >= 0));
    const nodes = (ids: string[]) => ids.map((id) => core.ids.find(id)).filter((node) => node >= 0);
    replace(filters.kindsOff, numbers(address.kindsOff, core.header.kinds));
    replace(filters.relationsOff, numbers(address.relationsOff, core.header.relations));
    Object.assign(filters, { years: address.years, papers: address.papers, linked: address.linked });
    replace(this.pinned, nodes(address.pinned));
    replace(this.hidden, nodes(address.hidden));
    this.depth = address.depth;
    this.path = null;
    this.spot.clear();
    this.selected = address.node ? core.ids.find(address.node) : -1;
    this.judge();
    this.show(address.view === "map" && !this.map.works ? "table" : address.view);
    if (address.node && address.path) await this.pathTo(address.node, address.path, false);
    else if (this.selected >= 0) this.choose(this.selected, { focus: !first, push: false });
    else this.unchoose();
    if (address.camera) this.map.fly({ x: address.camera.x, y: address.camera.y, k: address.camera.zoom * this.map.camera.fitted });
    this.pane.show();
    this.table.update();
    this.draw();
    this.showCounts();
    if (address.node && this.selected < 0) this.say("The node of this address is not in this graph", true);
  }
}

function* each(flags: Uint8Array): Generator<number> {
  for (let at = 0; at < flags.length; at++) if (flags[at]) yield at;
}

/** Give the nodes that do not recede, in order. */
function byState(states: Uint8Array): number[] {
  const found: number[] = [];
  for (let node = 0; node < states.length; node++) if (states[node]! >= State.Near) found.push(node);
  return found;
}

function replace<T>(set: Set<T>, values: Iterable<T>): void {
  set.clear();
  for (const value of values) set.add(value);
}

function pathOf(core: Core, from: number, links: number[]): Path {
  const nodes = [from];
  for (const link of links) nodes.push(core.source[link] === nodes.at(-1) ? core.target[link]! : core.source[link]!);
  return {
    nodes: (links.length ? nodes : []).map((node) => ({ id: core.id(node), name: core.name(node), kind: core.kindName(node) })),
    links: links.map((link) => ({
      subject: core.id(core.source[link]!),
      relation: core.relationName(link),
      object: core.id(core.target[link]!),
      papers: core.linkPapers[link]!,
      score: core.linkPapers[link] ? core.linkScore[link]! / 100 : null,
      first: core.linkFirst[link]!,
      last: core.linkLast[link]!,
    })),
  };
}
