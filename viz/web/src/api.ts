/** The graph over HTTP (viz/app): whole where it is small enough to draw, else by neighbourhoods. */

import { type Core, unpack } from "./core";
import { type Hit, Search } from "./search";
import type { About, Evidence, Group, Neighbour, PaperRow, Path, Source } from "./source";

/** Requests under way at once. */
const ABREAST = 4;
const IDS_A_REQUEST = 200;
/** Links whose papers are asked for one by one in an export. */
const LINKS_FOR_PAPERS = 400;
const PART_NODES = 300;

type Query = Record<string, string | number | string[]>;

export class ApiError extends Error {}

export class ApiSource implements Source {
  private known: Promise<About> | null = null;
  private graph: Promise<Core> | null = null;
  private index: { core: Core; search: Search } | null = null;

  constructor(readonly api: string) {}

  about(): Promise<About> {
    this.known ??= this.json<About>("graph");
    return this.known;
  }

  core(): Promise<Core> {
    this.graph ??= this.ask("core").then(bytes).then(unpack);
    return this.graph;
  }

  part(ids: string[], hops: number): Promise<Core> {
    return this.ask("part", { id: ids.slice(0, PART_NODES), hops, limit: PART_NODES }).then(bytes).then(unpack);
  }

  async search(question: string, limit: number, core: Core): Promise<Hit[]> {
    if ((await this.about()).whole) {
      if (this.index?.core !== core) this.index = { core, search: new Search(core) };
      return this.index.search.hits(question, limit);
    }
    return (await this.json<{ hits: Hit[] }>("search", { q: question, limit })).hits;
  }

  evidence(core: Core, link: number): Promise<Evidence[]> {
    return this.evidenceOf(core.id(core.source[link]!), core.relationName(link), core.id(core.target[link]!));
  }

  async evidenceOf(subject: string, relation: string, object: string): Promise<Evidence[]> {
    return (await this.json<{ evidence: Evidence[] }>("evidence", { subject, relation, object })).evidence;
  }

  async groups(id: string): Promise<Group[] | null> {
    if ((await this.about()).whole) return null;
    return (await this.json<{ groups?: Group[] }>("node", { id })).groups ?? null;
  }

  async neighbours(id: string, group: Group, offset: number, limit: number): Promise<Neighbour[]> {
    const { relation, direction } = group;
    return (await this.json<{ neighbours: Neighbour[] }>("neighbours", { id, relation, direction, offset, limit })).neighbours;
  }

  async path(from: string, to: string): Promise<Path | null> {
    return (await this.about()).whole ? null : this.json<Path>("path", { from, to });
  }

  async papers(core: Core, links: Iterable<number>, nodes: Iterable<number>, progress: (share: number) => void): Promise<PaperRow[]> {
    const found = new Map<string, PaperRow>();
    const ids: string[] = [];
    for (const node of nodes) if (core.kindName(node) === "Paper") ids.push(core.id(node));
    for (let at = 0; at < ids.length; at += IDS_A_REQUEST) {
      const answer = await this.json<PaperRow[] | { papers: PaperRow[] }>("papers", { id: ids.slice(at, at + IDS_A_REQUEST) });
      for (const row of Array.isArray(answer) ? answer : answer.papers) found.set(row.id, row);
    }
    const wanted = [...links].slice(0, LINKS_FOR_PAPERS);
    for (let at = 0; at < wanted.length; at += ABREAST) {
      const answers = await Promise.all(wanted.slice(at, at + ABREAST).map((link) => this.evidence(core, link)));
      for (const { paper } of answers.flat()) found.set(paper.id, paper);
      progress(at / wanted.length);
    }
    return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private json<T>(path: string, query: Query = {}): Promise<T> {
    return this.ask(path, query).then((answer) => answer.json() as Promise<T>);
  }

  private async ask(path: string, query: Query = {}): Promise<Response> {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) words.append(name, String(one));
    const answer = await fetch(`${this.api}/${path}${words.size ? `?${words}` : ""}`);
    if (answer.ok) return answer;
    const problem = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string };
    throw new ApiError(problem.detail ?? problem.title ?? `The server answered ${answer.status}`);
  }
}

async function bytes(answer: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await answer.arrayBuffer());
}
