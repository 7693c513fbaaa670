/** Which nodes and links are visible under the filters, and the live counts beside them. Draws nothing. */

import type { Core } from "./core";

export interface Filters {
  /** Kinds and relations that are switched off, by number. */
  kindsOff: Set<number>;
  relationsOff: Set<number>;
  years: [number, number] | null;
  /** Papers that a node or link needs at least. */
  papers: number;
  /** Hide nodes that have no visible link. */
  linked: boolean;
}

export interface Choice {
  filters: Filters;
  hidden: ReadonlySet<number>;
  pinned: ReadonlySet<number>;
  /** The node that depth is counted from, or -1. */
  centre: number;
  /** 0: no limit. */
  depth: number;
}

export interface Visible {
  nodes: Uint8Array;
  links: Uint8Array;
  nodeCount: number;
  linkCount: number;
  /** What each kind and relation shows, or would show if it were switched on. */
  kindCounts: number[];
  relationCounts: number[];
}

const KIND = 1;
const OTHER = 2;
/** Kinds whose support is counted in papers; a paper or an author is never too little supported. */
const COUNTED = new Set(["Method", "Dataset", "Benchmark", "Task"]);

export function noFilters(): Filters {
  return { kindsOff: new Set(), relationsOff: new Set(), years: null, papers: 1, linked: false };
}

/** Judge every node and link. A node or link without years shows only while the years are not narrowed. */
export function judge(core: Core, { filters, hidden, pinned, centre, depth }: Choice): Visible {
  const { n, m } = core;
  const kinds = core.header.kinds.length;
  const relations = core.header.relations.length;
  const [from, to] = filters.years ?? [0, 65_535];
  const counted = core.header.kinds.map((kind) => COUNTED.has(kind));
  const kindOff = Uint8Array.from({ length: 256 }, (_, kind) => (filters.kindsOff.has(kind) ? KIND : 0));
  const relationOff = Uint8Array.from({ length: 256 }, (_, relation) => (filters.relationsOff.has(relation) ? KIND : 0));

  // What speaks against a node: its kind, or something else.
  const against = new Uint8Array(n);
  for (let node = 0; node < n; node++) {
    const kind = core.kind[node]!;
    let verdict = kindOff[kind]!;
    if (filters.years && (core.first[node]! > to || core.last[node]! < from)) verdict |= OTHER;
    if (filters.papers > 1 && core.papers[node]! < filters.papers && counted[kind]) verdict |= OTHER;
    against[node] = verdict;
  }
  for (const node of pinned) against[node] = 0;
  for (const node of hidden) against[node] = OTHER;
  if (centre >= 0) against[centre]! &= ~KIND;

  const linkAgainst = new Uint8Array(m);
  for (let link = 0; link < m; link++) {
    let verdict = relationOff[core.relation[link]!]!;
    if (filters.years && (core.linkFirst[link]! > to || core.linkLast[link]! < from)) verdict |= OTHER;
    const papers = core.linkPapers[link]!;
    if (papers < filters.papers && papers > 0) verdict |= OTHER;
    linkAgainst[link] = verdict;
  }

  if (centre >= 0 && depth > 0) {
    const near = within(core, centre, depth, against, linkAgainst);
    for (let node = 0; node < n; node++) if (!near[node] && !pinned.has(node)) against[node]! |= OTHER;
  }
  if (filters.linked) {
    const tied = new Uint8Array(n);
    for (let link = 0; link < m; link++) {
      if (linkAgainst[link] || against[core.source[link]!] || against[core.target[link]!]) continue;
      tied[core.source[link]!] = tied[core.target[link]!] = 1;
    }
    for (let node = 0; node < n; node++) if (!tied[node] && !against[node] && !pinned.has(node) && node !== centre) against[node] = OTHER;
  }

  const nodes = new Uint8Array(n);
  const kindCounts = new Array<number>(kinds).fill(0);
  let nodeCount = 0;
  for (let node = 0; node < n; node++) {
    if (against[node]! & OTHER) continue;
    kindCounts[core.kind[node]!]!++;
    if (against[node]) continue;
    nodes[node] = 1;
    nodeCount++;
  }
  const links = new Uint8Array(m);
  const relationCounts = new Array<number>(relations).fill(0);
  let linkCount = 0;
  for (let link = 0; link < m; link++) {
    if (linkAgainst[link]! & OTHER || !nodes[core.source[link]!] || !nodes[core.target[link]!]) continue;
    relationCounts[core.relation[link]!]!++;
    if (linkAgainst[link]) continue;
    links[link] = 1;
    linkCount++;
  }
  return { nodes, links, nodeCount, linkCount, kindCounts, relationCounts };
}

/** Mark what can be reached in so many steps over links and nodes that nothing speaks against. */
function within(core: Core, centre: number, depth: number, against: Uint8Array, linkAgainst: Uint8Array): Uint8Array {
  const near = new Uint8Array(core.n);
  near[centre] = 1;
  let frontier = [centre];
  for (let step = 0; step < depth; step++) {
    const next: number[] = [];
    for (const node of frontier) {
      eachLink(core, node, (link, other) => {
        if (linkAgainst[link] || against[other] || near[other]) return;
        near[other] = 1;
        next.push(other);
      });
    }
    frontier = next;
  }
  return near;
}

/** Visit the links of a node, out then in, each with the node at its other end. */
export function eachLink(core: Core, node: number, visit: (link: number, other: number) => void): void {
  const { out } = core;
  for (let at = out.starts[node]!; at < out.starts[node + 1]!; at++) visit(out.links[at]!, core.target[out.links[at]!]!);
  const ends = core.in;
  for (let at = ends.starts[node]!; at < ends.starts[node + 1]!; at++) visit(ends.links[at]!, core.source[ends.links[at]!]!);
}

/** Find a shortest path over visible links, in either direction; of equally short ones that with the best support at
 * each step back. Gives its links in order, or null. */
export function shortestPath(core: Core, visible: Visible, from: number, to: number): number[] | null {
  const distance = new Int32Array(core.n).fill(-1);
  distance[from] = 0;
  let frontier = [from];
  for (let step = 1; frontier.length && distance[to]! < 0; step++) {
    const next: number[] = [];
    for (const node of frontier) {
      eachLink(core, node, (link, other) => {
        if (!visible.links[link] || distance[other]! >= 0) return;
        distance[other] = step;
        next.push(other);
      });
    }
    frontier = next;
  }
  if (distance[to]! < 0) return null;
  const path: number[] = [];
  for (let node = to; node !== from; ) {
    let best = -1;
    let before = -1;
    eachLink(core, node, (link, other) => {
      if (!visible.links[link] || distance[other] !== distance[node]! - 1) return;
      if (best < 0 || core.linkPapers[link]! > core.linkPapers[best]!) [best, before] = [link, other];
    });
    path.unshift(best);
    node = before;
  }
  return path;
}
