/** The packed graph (viz/explorer/payload.py writes it), read into typed arrays. No object is made for a node or a link;
 * texts stay bytes until one is asked for. */

export interface Community {
  name: string;
  x: number;
  y: number;
  r: number;
  nodes: number;
}

export interface Header {
  format: number;
  title: string;
  kinds: string[];
  relations: string[];
  nodes: number;
  links: number;
  years: [number, number] | null;
  communities: Community[];
  chunk: number;
  chunks: number;
  papers: number;
  sections: Record<string, { type: "u8" | "u16" | "u32" | "f32" | "str"; offset: number; count: number }>;
}

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();
const ALIAS = "\u001f";

/** A column of texts: offsets and UTF-8 bytes. */
export class Texts {
  constructor(
    readonly offsets: Uint32Array,
    readonly bytes: Uint8Array,
  ) {}

  get length(): number {
    return this.offsets.length - 1;
  }

  at(index: number): string {
    return DECODER.decode(this.bytes.subarray(this.offsets[index], this.offsets[index + 1]));
  }

  /** Give the index of a text, or -1. */
  find(text: string): number {
    const wanted = ENCODER.encode(text);
    next: for (let index = 0; index < this.length; index++) {
      const start = this.offsets[index]!;
      if (this.offsets[index + 1]! - start !== wanted.length) continue;
      for (let at = wanted.length - 1; at >= 0; at--) if (this.bytes[start + at] !== wanted[at]) continue next;
      return index;
    }
    return -1;
  }
}

/** Links by one of their ends: those of node i are `links[starts[i] .. starts[i + 1]]`. */
export interface Ends {
  starts: Uint32Array;
  links: Uint32Array;
}

export class Core {
  readonly n: number;
  readonly m: number;
  readonly ids: Texts;
  readonly names: Texts;
  readonly aliases: Texts;
  readonly kind: Uint8Array;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly papers: Uint32Array;
  readonly first: Uint16Array;
  readonly last: Uint16Array;
  readonly community: Uint16Array;
  readonly source: Uint32Array;
  readonly target: Uint32Array;
  readonly relation: Uint8Array;
  readonly linkPapers: Uint16Array;
  readonly linkScore: Uint8Array;
  readonly linkFirst: Uint16Array;
  readonly linkLast: Uint16Array;
  readonly out: Ends;
  readonly in: Ends;
  private ranking: Uint32Array | null = null;

  constructor(
    readonly header: Header,
    bytes: ArrayBuffer,
    base: number,
  ) {
    const section = <T>(name: string, type: string, make: (offset: number, count: number) => T): T => {
      const about = header.sections[name];
      if (about?.type !== type) throw new Error(`The graph's data has no column "${name}" of type ${type}`);
      return make(base + about.offset, about.count);
    };
    const u8 = (name: string) => section(name, "u8", (at, count) => new Uint8Array(bytes, at, count));
    const u16 = (name: string) => section(name, "u16", (at, count) => new Uint16Array(bytes, at, count));
    const u32 = (name: string) => section(name, "u32", (at, count) => new Uint32Array(bytes, at, count));
    const f32 = (name: string) => section(name, "f32", (at, count) => new Float32Array(bytes, at, count));
    const texts = (name: string) =>
      section(name, "str", (at, count) => {
        const offsets = new Uint32Array(bytes, at, count + 1);
        return new Texts(offsets, new Uint8Array(bytes, at + 4 * (count + 1), offsets[count] ?? 0));
      });
    this.n = header.nodes;
    this.m = header.links;
    this.ids = texts("id");
    this.names = texts("name");
    this.aliases = texts("aliases");
    this.kind = u8("kind");
    this.x = f32("x");
    this.y = f32("y");
    this.papers = u32("papers");
    this.first = u16("first");
    this.last = u16("last");
    this.community = u16("community");
    this.source = u32("source");
    this.target = u32("target");
    this.relation = u8("relation");
    this.linkPapers = u16("link_papers");
    this.linkScore = u8("link_score");
    this.linkFirst = u16("link_first");
    this.linkLast = u16("link_last");
    this.out = sortByEnd(this.source, this.n);
    this.in = sortByEnd(this.target, this.n);
  }

  id(node: number): string {
    return this.ids.at(node);
  }

  name(node: number): string {
    return this.names.at(node);
  }

  aliasesOf(node: number): string[] {
    return this.aliases
      .at(node)
      .split(ALIAS)
      .filter((alias) => alias !== "");
  }

  kindName(node: number): string {
    return this.header.kinds[this.kind[node]!] ?? "Other";
  }

  relationName(link: number): string {
    return this.header.relations[this.relation[link]!] ?? "RELATED_TO";
  }

  communityOf(node: number): Community | null {
    return this.header.communities[this.community[node]!] ?? null;
  }

  degree(node: number): number {
    return this.out.starts[node + 1]! - this.out.starts[node]! + this.in.starts[node + 1]! - this.in.starts[node]!;
  }

  /** Give all links, the best supported first (then in their order). */
  get strongest(): Uint32Array {
    this.ranking ??= sortByPapers(this.linkPapers);
    return this.ranking;
  }
}

/** Read a packed graph; the bytes may be compressed. */
export async function unpack(bytes: Uint8Array<ArrayBuffer>): Promise<Core> {
  const data = bytes[0] === 0x1f && bytes[1] === 0x8b ? await gunzip(bytes) : bytes.slice().buffer;
  const length = new DataView(data).getUint32(0, true);
  const header = JSON.parse(DECODER.decode(new Uint8Array(data, 4, length))) as Header;
  if (header.format !== 1) throw new Error(`The graph's data has format ${header.format}; this page reads format 1`);
  return new Core(header, data, Math.ceil((4 + length) / 4) * 4);
}

/** Decompress with what the browser has. */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** Decode base64 (with the browser's own function where it has one). */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function sortByEnd(ends: Uint32Array, n: number): Ends {
  const starts = new Uint32Array(n + 1);
  for (const end of ends) starts[end + 1]!++;
  for (let node = 0; node < n; node++) starts[node + 1]! += starts[node]!;
  const next = starts.slice(0, n);
  const links = new Uint32Array(ends.length);
  for (let link = 0; link < ends.length; link++) links[next[ends[link]!]!++] = link;
  return { starts, links };
}

function sortByPapers(papers: Uint16Array): Uint32Array {
  const starts = new Uint32Array(65_537);
  for (const count of papers) starts[65_536 - count]!++;
  for (let at = 0; at < 65_536; at++) starts[at + 1]! += starts[at]!;
  const ranked = new Uint32Array(papers.length);
  for (let link = 0; link < papers.length; link++) ranked[starts[65_535 - papers[link]!]!++] = link;
  return ranked;
}
