/** Names on the map: communities from afar, nodes from near, never one over another. Draws on a plain 2D canvas, where
 * a name can only be text. */

import type { Camera, Sizes } from "./camera";
import type { Core } from "./core";
import type { Paint } from "./looks";
import { clip, line } from "./text";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  text: string;
  /** What it names: one of these is not -1. */
  node: number;
  community: number;
}

interface Row {
  text: string;
  size: number;
  font: string;
  width: number;
  /** It follows the main part of the name. */
  second: boolean;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
const HEIGHT = 15;
const LIMIT = 34;
/** Nodes that names try not to cover, the best supported first. */
const OBSTACLES = 250;

/** Above so many nodes the map opens on the names of communities. */
export const MANY = 5_000;
/** Up to so many the discs alone say what belongs together. */
const FEW = 150;

export class Labels {
  placed: Box[] = [];
  private readonly known = new Map<number, { text: string; width: number; strong: number }>();
  private core: Core | null = null;
  private judged: Uint8Array | null = null;
  private peopled = new Uint8Array(0);
  private obstacles: { node: number; x: number; y: number; radius: number }[] = [];

  constructor(private readonly context: CanvasRenderingContext2D | null) {}

  load(core: Core): void {
    this.core = core;
    this.known.clear();
  }

  /** Draw the names that have room: those `first` before all others. */
  draw(
    camera: Camera,
    sizes: Sizes,
    states: Uint8Array,
    paint: Paint,
    { first, near, moving }: { first: Set<number>; near: number[] | null; moving: boolean },
  ): void {
    const core = this.core!;
    const context = this.context!;
    this.placed = [];
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.direction = "ltr";
    const many = core.n > MANY;
    const { zoom } = camera;
    const focused = near !== null;

    const [left, top] = camera.toWorld(0, 0);
    const [right, bottom] = camera.toWorld(camera.width, camera.height);
    this.obstacles = [];
    for (let node = 0; node < core.n && this.obstacles.length < OBSTACLES; node++) {
      const [x, y] = [core.x[node]!, core.y[node]!];
      if (x < left || x > right || y < top || y > bottom || !states[node]) continue;
      const radius = sizes.radius(node, zoom);
      if (radius < 2.5) break;
      const [u, v] = camera.toScreen(x, y);
      this.obstacles.push({ node, x: u, y: v, radius });
    }
    for (const node of first) this.place(node, true, camera, sizes, paint);
    if (core.header.communities.length > 1 && core.n > FEW) this.communities(camera, states, paint, many, focused);
    if (many && !focused && zoom < 1.6) return;
    const { free } = camera;
    const room = Math.min(Math.round((free.width * free.height) / 9_500), moving ? 80 : 140);
    const tries = (moving ? 3 : 6) * room + 60;
    let tried = 0;
    const count = near ? near.length : core.n;
    for (let turn = 0; turn < count && this.placed.length < room && tried < tries; turn++) {
      const node = near ? near[turn]! : turn;
      const x = core.x[node]!;
      const y = core.y[node]!;
      if (x < left || x > right || y < top || y > bottom || !states[node] || first.has(node)) continue;
      tried++;
      this.place(node, false, camera, sizes, paint);
    }
  }

  private place(node: number, strong: boolean, camera: Camera, sizes: Sizes, paint: Paint): void {
    const core = this.core!;
    const context = this.context!;
    context.font = `${strong ? 650 : 450} ${strong ? 13 : 12}px ${FONT}`;
    const { text, width } = this.text(node, strong);
    const [x, y] = camera.toScreen(core.x[node]!, core.y[node]!);
    const gap = Math.max(sizes.radius(node, camera.zoom), strong ? 6 : 0) * 1.1 + 4;
    const spots: [number, number][] = [
      [x + gap, y - HEIGHT / 2],
      [x - gap - width, y - HEIGHT / 2],
      [x - width / 2, y + gap - 1],
      [x - width / 2, y - gap - HEIGHT + 1],
    ];
    let second: Box | null = null;
    for (const [left, top] of spots) {
      const box = { x: left, y: top, width, height: HEIGHT, text, node, community: -1 };
      if ((!strong && !inside(box, camera)) || this.clashes(box)) continue;
      const covered = this.covers(box, node);
      if (covered < 0) return this.write(box, paint);
      // Where no spot is free, over a less supported node only: nodes are in the order of their support.
      if (strong || covered > node) second ??= box;
    }
    if (second) this.write(second, paint);
  }

  /** Names of communities: from afar the main thing on a large map (`many`), else quiet ones above their discs. */
  private communities(camera: Camera, states: Uint8Array, paint: Paint, many: boolean, focused: boolean): void {
    const context = this.context!;
    const core = this.core!;
    if (states !== this.judged) {
      // A community without a visible node is not named.
      this.peopled = new Uint8Array(core.header.communities.length);
      for (let node = 0; node < core.n; node++) if (states[node]) this.peopled[core.community[node]!] = 1;
      this.judged = states;
    }
    const span = Math.min(camera.free.width, camera.free.height);
    context.textAlign = "center";
    for (const [community, disc] of core.header.communities.entries()) {
      if (!this.peopled[community]) continue;
      const radius = disc.r * camera.k;
      // A disc that fills the view needs no name over its nodes; a speck has no room for one.
      const alpha = fade(radius, span * 0.55, span * 0.9) * (focused ? 0.5 : 1);
      if (alpha <= 0.03 || radius < (many ? 9 : 24)) continue;
      const [x, y] = camera.toScreen(disc.x, disc.y);
      const rows = this.rows(disc.name, many, disc.nodes, camera.zoom, Math.max(radius * 1.7, 90));
      const width = Math.max(...rows.map((row) => row.width));
      const height = rows.reduce((sum, row) => sum + row.size * 1.18, 0);
      const { free } = camera;
      const top = many ? y - height / 2 : Math.max(y - radius - 4, free.y + 4);
      const box = { x: x - width / 2, y: top, width, height, text: rows.map((row) => row.text).join(" "), node: -1, community };
      if (box.x + width < free.x || box.x > free.x + free.width || top + height < free.y || top > free.y + free.height || this.clashes(box)) continue;
      this.placed.push(box);
      context.globalAlpha = alpha;
      context.strokeStyle = many ? paint.land : paint.halo;
      let at = top;
      for (const row of rows) {
        context.font = row.font;
        context.letterSpacing = many ? "0px" : "0.04em";
        context.lineWidth = row.size > 13 ? 5 : 4;
        context.fillStyle = !many ? paint.region : row.second ? paint.muted : paint.ink;
        context.strokeText(row.text, x, at + row.size * 0.59);
        context.fillText(row.text, x, at + row.size * 0.59);
        at += row.size * 1.18;
      }
    }
    context.letterSpacing = "0px";
    context.textAlign = "left";
    context.globalAlpha = 1;
  }

  /** Break a community's name ("Task · Method") into rows that fit a width: at most two, and one for what follows the dot. */
  private rows(name: string, many: boolean, nodes: number, zoom: number, width: number): Row[] {
    const context = this.context!;
    const [main = "", ...rest] = line(name, 90).split(" · ");
    const size = many ? Math.round(Math.min(Math.max(11.5 + Math.sqrt(nodes) * 0.07, 12), 18) + Math.min(2, Math.max(0, zoom - 1) * 0.5)) : 11;
    const rows: Row[] = [];
    const add = (text: string, size: number, second: boolean) => {
      const font = `${second ? 450 : many ? 650 : 600} ${size}px ${FONT}`;
      context.font = font;
      context.letterSpacing = many ? "0px" : "0.04em";
      rows.push({ text, size, font, second, width: context.measureText(text).width });
    };
    context.font = `650 ${size}px ${FONT}`;
    for (const text of wrap(many ? main : main.toUpperCase(), context, width)) add(text, size, false);
    if (many && rest.length) add(clip(rest.join(" · "), 26), Math.max(size - 3, 11), true);
    return rows;
  }

  private write(box: Box, paint: Paint): void {
    const context = this.context!;
    this.placed.push(box);
    context.lineWidth = 3;
    context.strokeStyle = paint.halo;
    context.fillStyle = paint.ink;
    context.textAlign = "left";
    context.strokeText(box.text, box.x, box.y + box.height / 2);
    context.fillText(box.text, box.x, box.y + box.height / 2);
  }

  private text(node: number, strong: boolean): { text: string; width: number } {
    let known = this.known.get(node);
    if (!known) {
      if (this.known.size > 4_000) this.known.clear();
      known = { text: line(this.core!.name(node), LIMIT), width: 0, strong: 0 };
      this.known.set(node, known);
    }
    if (strong) return { text: known.text, width: (known.strong ||= this.context!.measureText(known.text).width) };
    return { text: known.text, width: (known.width ||= this.context!.measureText(known.text).width) };
  }

  /** Give the best supported node that a box would lie over, of those large enough to matter; or -1. */
  private covers(box: Box, own: number): number {
    for (const { node, x, y, radius } of this.obstacles) {
      if (node === own) continue;
      if (x + radius > box.x && x - radius < box.x + box.width && y + radius > box.y + 2 && y - radius < box.y + box.height - 2) return node;
    }
    return -1;
  }

  private clashes(box: Box): boolean {
    return this.placed.some(
      (other) =>
        box.x < other.x + other.width + 4 &&
        other.x < box.x + box.width + 4 &&
        box.y < other.y + other.height &&
        other.y < box.y + box.height,
    );
  }
}

function inside(box: Box, camera: Camera): boolean {
  const { x, y, width, height } = camera.free;
  return box.x >= x + 2 && box.x + box.width <= x + width - 2 && box.y >= y + 2 && box.y + box.height <= y + height - 2;
}

/** 1 below the first, 0 above the second. */
function fade(value: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (to - value) / (to - from)));
}

/** Break a text into at most two rows, as near to a width as its words allow. */
function wrap(text: string, context: CanvasRenderingContext2D, width: number): string[] {
  const words = text.split(" ");
  if (words.length < 2 || context.measureText(text).width <= width) return [clip(text, 40)];
  let best: string[] = [];
  let least = Infinity;
  for (let at = 1; at < words.length; at++) {
    const rows = [words.slice(0, at).join(" "), words.slice(at).join(" ")];
    const widest = Math.max(...rows.map((row) => context.measureText(row).width));
    if (widest < least) [best, least] = [rows, widest];
  }
  return best.map((row) => clip(row, 34));
}
