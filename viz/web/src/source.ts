/** Where the explorer's data comes from: one interface, two kinds (what a page holds; an HTTP API: api.ts). */

import { type Core, fromBase64, gunzip, unpack } from "./core";
import { type Hit, Search } from "./search";

export interface PaperRow {
  id: string;
  title: string;
  year: number | null;
  url: string;
  authors: string[];
  venue: string;
}

export interface Evidence {
  paper: PaperRow;
  field: "title" | "abstract";
  start: number;
  end: number;
  sentence: string;
}

/** A neighbour that the source knows of, in the drawn part or not. */
export interface Neighbour {
  id: string;
  name: string;
  kind: string;
  papers: number;
  score: number | null;
  first: number;
  last: number;
}

export interface Group {
  relation: string;
  direction: "out" | "in";
  total: number;
}

/** A node or a step of a path that the source found. */
export interface PathNode {
  id: string;
  name: string;
  kind: string;
}

export interface PathLink {
  subject: string;
  relation: string;
  object: string;
  papers: number;
  score: number | null;
  first: number;
  last: number;
}

export interface Path {
  nodes: PathNode[];
  links: PathLink[];
}

export interface About {
  title: string;
  nodes: number;
  links: number;
  /** All of it can be drawn; else only neighbourhoods, by `part`. */
  whole: boolean;
}

/** Offers the graph and what belongs to it. Ids are those of the graph. */
export interface Source {
  about(): Promise<About>;
  /** Give the whole graph. */
  core(): Promise<Core>;
  /** Give the neighbourhood of nodes; with 0 hops, what is among them. */
  part(ids: string[], hops: number): Promise<Core>;
  search(question: string, limit: number, core: Core): Promise<Hit[]>;
  /** Give the sentences that say a link. */
  evidence(core: Core, link: number): Promise<Evidence[]>;
  /** The same for a link that is not in what is drawn. */
  evidenceOf(subject: string, relation: string, object: string): Promise<Evidence[]>;
  /** Give a node's groups of neighbours where they are not all in the drawn part; null: look into the core. */
  groups(id: string): Promise<Group[] | null>;
  neighbours(id: string, group: Group, offset: number, limit: number): Promise<Neighbour[]>;
  /** Give a shortest path (without nodes: there is none); null: look into the core. */
  path(from: string, to: string): Promise<Path | null>;
  /** Give the papers behind links and paper nodes. */
  papers(core: Core, links: Iterable<number>, nodes: Iterable<number>, progress: (share: number) => void): Promise<PaperRow[]>;
  /** The address of the API, where there is one. */
  readonly api: string | null;
}

interface Chunk {
  sentences: string[];
  links: [number, 0 | 1, number, number, number][][];
}

interface PaperTable {
  id: string[];
  title: string[];
  year: (number | null)[];
  url: string[];
  authors: string[][];
  venue: string[];
}

/** The compressed parts that a page, or a notebook, holds. */
export interface Parts {
  core(): Promise<Uint8Array<ArrayBuffer>>;
  papers(): Promise<Uint8Array<ArrayBuffer>>;
  evidence(chunk: number): Promise<Uint8Array<ArrayBuffer>>;
}

const KEPT_CHUNKS = 24;
const UTF8 = new TextDecoder();

async function json<T>(bytes: Uint8Array<ArrayBuffer>): Promise<T> {
  return JSON.parse(UTF8.decode(await gunzip(bytes))) as T;
}

/** Everything is here; evidence is decompressed when asked for. */
export class PartsSource implements Source {
  readonly api = null;
  private graph: Promise<Core> | null = null;
  private table: Promise<PaperTable> | null = null;
  private index: Search | null = null;
  private readonly chunks = new Map<number, Promise<Chunk>>();

  constructor(private readonly parts: Parts) {}

  core(): Promise<Core> {
    this.graph ??= this.parts.core().then(unpack);
    return this.graph;
  }

  async about(): Promise<About> {
    const { title, nodes, links } = (await this.core()).header;
    return { title, nodes, links, whole: true };
  }

  part(): Promise<Core> {
    return this.core();
  }

  async search(question: string, limit: number, core: Core): Promise<Hit[]> {
    return this.prepare(core).hits(question, limit);
  }

  /** Make the search's index now instead of at the first question. */
  prepare(core: Core): Search {
    this.index ??= new Search(core);
    return this.index;
  }

  async evidence(core: Core, link: number): Promise<Evidence[]> {
    const { chunk, chunks } = core.header;
    const number = Math.floor(link / chunk);
    if (number >= chunks) return [];
    const [found, table] = await Promise.all([this.chunk(number), this.paperTable()]);
    return (found.links[link % chunk] ?? []).map(([row, field, start, end, sentence]) => ({
      paper: paperRow(table, row),
      field: field === 0 ? "title" : "abstract",
      start,
      end,
      sentence: found.sentences[sentence] ?? "",
    }));
  }

  async evidenceOf(): Promise<Evidence[]> {
    return [];
  }

  async groups(): Promise<null> {
    return null;
  }

  async neighbours(): Promise<Neighbour[]> {
    return [];
  }

  async path(): Promise<null> {
    return null;
  }

  async papers(core: Core, links: Iterable<number>, nodes: Iterable<number>, progress: (share: number) => void): Promise<PaperRow[]> {
    const table = await this.paperTable();
    const rows = new Set<number>();
    const wanted = new Set<string>();
    for (const node of nodes) if (core.kindName(node) === "Paper") wanted.add(core.id(node));
    if (wanted.size) table.id.forEach((id, row) => wanted.has(id) && rows.add(row));
    const byChunk = new Map<number, number[]>();
    for (const link of links) {
      const chunk = Math.floor(link / core.header.chunk);
      if (chunk >= core.header.chunks) continue;
      const known = byChunk.get(chunk);
      if (known) known.push(link % core.header.chunk);
      else byChunk.set(chunk, [link % core.header.chunk]);
    }
    let done = 0;
    for (const [number, members] of byChunk) {
      const chunk = await this.chunk(number);
      for (const member of members) for (const entry of chunk.links[member] ?? []) rows.add(entry[0]);
      if (++done % 32 === 0) {
        progress(done / byChunk.size);
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    return [...rows].sort((a, b) => a - b).map((row) => paperRow(table, row));
  }

  private paperTable(): Promise<PaperTable> {
    this.table ??= this.parts.papers().then((bytes) => json<PaperTable>(bytes));
    return this.table;
  }

  private chunk(number: number): Promise<Chunk> {
    let chunk = this.chunks.get(number);
    if (chunk) this.chunks.delete(number);
    else chunk = this.parts.evidence(number).then((bytes) => json<Chunk>(bytes));
    this.chunks.set(number, chunk);
    for (const old of this.chunks.keys()) {
      if (this.chunks.size <= KEPT_CHUNKS) break;
      this.chunks.delete(old);
    }
    return chunk;
  }
}

function paperRow(table: PaperTable, row: number): PaperRow {
  return {
    id: table.id[row] ?? "",
    title: table.title[row] ?? "",
    year: table.year[row] ?? null,
    url: table.url[row] ?? "",
    authors: table.authors[row] ?? [],
    venue: table.venue[row] ?? "",
  };
}

/** What the page's script elements hold, as base64. They may still be on their way when the first is read. */
export function fileSource(page: Document): PartsSource {
  const loaded = new Promise<void>((resolve) => {
    if (page.readyState !== "loading") resolve();
    else page.addEventListener("DOMContentLoaded", () => resolve(), { once: true });
  });
  const read = (id: string) => {
    const element = page.getElementById(id);
    if (!element) throw new Error(`The page has no part "${id}"`);
    return fromBase64(element.textContent ?? "");
  };
  return new PartsSource({
    core: async () => read("core"),
    papers: () => loaded.then(() => read("papers")),
    evidence: (chunk) => loaded.then(() => read(`evidence-${chunk}`)),
  });
}

/** Bytes from elsewhere, such as a notebook. */
export function bytesSource(parts: {
  core: Uint8Array<ArrayBuffer>;
  papers: Uint8Array<ArrayBuffer>;
  evidence: (chunk: number) => Uint8Array<ArrayBuffer>;
}): PartsSource {
  return new PartsSource({
    core: async () => parts.core,
    papers: async () => parts.papers,
    evidence: async (chunk) => parts.evidence(chunk),
  });
}
