/** Search over names and aliases: one lower-cased text of all of them, so that a look-up is a few native scans.
 *
 * Two forms of every name are kept: its words ("cifar 10") and the same without spaces ("cifar10"). A question meets
 * names kindly: case, accents, punctuation and spaces do not count. */

import type { Core, Texts } from "./core";

export interface Hit {
  id: string;
  name: string;
  kind: string;
  papers: number;
  /** The alias that matched, where it was not the name. */
  alias: string | null;
}

const SPACE = 32;
const BREAK = 10;
const DECODER = new TextDecoder();

/** Byte -> what stands for it: lower case, a space for punctuation; bytes of other scripts stay. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 128) return byte;
  const letter = String.fromCharCode(byte).toLowerCase();
  return /[a-z0-9+#]/.test(letter) ? letter.charCodeAt(0) : SPACE;
});

/** Fold a text to its words. */
export function fold(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}+#]+/gu, " ")
    .trim();
}

export class Search {
  private readonly spaced: string;
  private readonly solid: string;
  private readonly owner: Uint32Array;
  /** Which of its owner's names an entry is: 0 the name, then the aliases. */
  private readonly order: Uint16Array;
  private readonly spacedStarts: Uint32Array;
  private readonly solidStarts: Uint32Array;

  constructor(private readonly core: Core) {
    const { names, aliases } = core;
    const size = names.bytes.length + aliases.bytes.length + 2 * core.n + 8;
    const words = new Uint8Array(size);
    const solid = new Uint8Array(size);
    const owner: number[] = [];
    const order: number[] = [];
    let atWords = 0;
    let atSolid = 0;
    let foreign = false;
    const add = (texts: Texts, from: number, to: number, node: number, place: number) => {
      words[atWords++] = BREAK;
      solid[atSolid++] = BREAK;
      owner.push(node);
      order.push(place);
      let before = SPACE;
      for (let at = from; at < to; at++) {
        const byte = FOLD[texts.bytes[at]!]!;
        if (byte >= 128) foreign = true;
        if (byte !== SPACE) solid[atSolid++] = byte;
        if (byte !== SPACE || before !== SPACE) words[atWords++] = byte;
        before = byte;
      }
    };
    for (let node = 0; node < core.n; node++) {
      add(names, names.offsets[node]!, names.offsets[node + 1]!, node, 0);
      const end = aliases.offsets[node + 1]!;
      let start = aliases.offsets[node]!;
      for (let place = 1; start < end; place++) {
        let stop = aliases.bytes.indexOf(0x1f, start);
        if (stop < 0 || stop > end) stop = end;
        add(aliases, start, stop, node, place);
        start = stop + 1;
      }
    }
    words[atWords++] = BREAK;
    solid[atSolid++] = BREAK;
    this.spaced = DECODER.decode(words.subarray(0, atWords));
    this.solid = DECODER.decode(solid.subarray(0, atSolid));
    if (foreign) {
      this.spaced = this.spaced
        .normalize("NFKD")
        .replace(/\p{M}+/gu, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}+#\n]+/gu, " ");
      this.solid = this.spaced.replaceAll(" ", "");
    }
    this.owner = Uint32Array.from(owner);
    this.order = Uint16Array.from(order);
    this.spacedStarts = starts(this.spaced, owner.length);
    this.solidStarts = starts(this.solid, owner.length);
  }

  /** Give nodes that answer, best first: the whole name, its start, the start of a word in it, anywhere in it; within
   * these by support. */
  find(question: string, limit = 12): number[] {
    return this.entries(question, limit).map((entry) => this.owner[entry]!);
  }

  hits(question: string, limit = 12): Hit[] {
    return this.entries(question, limit).map((entry) => {
      const node = this.owner[entry]!;
      const place = this.order[entry]!;
      const alias = place ? (this.core.aliasesOf(node)[place - 1] ?? null) : null;
      return { id: this.core.id(node), name: this.core.name(node), kind: this.core.kindName(node), papers: this.core.papers[node]!, alias };
    });
  }

  private entries(question: string, limit: number): number[] {
    const spaced = fold(question);
    const solid = spaced.replaceAll(" ", "");
    if (solid === "") return [];
    const found: number[] = [];
    const seen = new Set<number>();
    const scan = (text: string, begins: Uint32Array, wanted: string, skip: number) => {
      let at = text.indexOf(wanted);
      while (at >= 0 && found.length < limit) {
        const entry = last(begins, at + skip);
        const node = this.owner[entry]!;
        if (!seen.has(node)) {
          seen.add(node);
          found.push(entry);
        }
        // On to the next entry: one name answers once.
        const next = begins[entry + 1];
        if (next === undefined) break;
        at = text.indexOf(wanted, next - 1);
      }
    };
    scan(this.solid, this.solidStarts, `\n${solid}\n`, 1);
    scan(this.solid, this.solidStarts, `\n${solid}`, 1);
    scan(this.spaced, this.spacedStarts, ` ${spaced}`, 0);
    scan(this.solid, this.solidStarts, solid, 0);
    return found;
  }
}

/** Where each entry's text begins (just after its line break). */
function starts(text: string, entries: number): Uint32Array {
  const found = new Uint32Array(entries);
  let at = text.indexOf("\n");
  for (let entry = 0; entry < entries; entry++) {
    found[entry] = at + 1;
    at = text.indexOf("\n", at + 1);
  }
  return found;
}

/** The last entry that begins at or before a place. */
function last(begins: Uint32Array, at: number): number {
  let low = 0;
  let high = begins.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (begins[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
