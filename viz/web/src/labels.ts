/** Names on the map: communities from afar, nodes from near, never one over another. Draws on a plain 2D canvas, where
 * a name can only be text. */

import type { Camera, Sizes } from "./camera";
import type { Core } from "./core";
import type { Paint } from "./looks";
import { line } from "./text";

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

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
const HEIGHT = 15;
const LIMIT = 34;

/** Above so many nodes the map opens on the names of communities. */
export const MANY = 5_000;

export class Labels {
  placed: Box[] = [];
  private readonly known = new Map<number, { text: string; width: number; strong: number }>();
  private core: Core | null = null;

  constructor(private readonly context: CanvasRenderingContext2D) {}

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
    { first, focused, moving }: { first: Iterable<number>; focused: boolean; moving: boolean },
  ): void {
    const core = this.core!;
    const { context } = this;
    this.placed = [];
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.direction = "ltr";
    const many = core.n > MANY;
    const { zoom } = camera;

    for (const node of first) this.place(node, true, camera, sizes, paint);
    if (core.header.communities.length > 1) this.communities(camera, paint, many, focused);
    if (many && !focused && zoom < 1.6) return;
    const { free } = camera;
    const room = Math.min(Math.round((free.width * free.height) / 7_500), moving ? 90 : 160);
    const tries = focused ? 4_000 : 6 * room + 60;
    let tried = 0;
    const [left, top] = camera.toWorld(0, 0);
    const [right, bottom] = camera.toWorld(camera.width, camera.height);
    for (let node = 0; node < core.n && this.placed.length < room && tried < tries; node++) {
      const x = core.x[node]!;
      const y = core.y[node]!;
      if (x < left || x > right || y < top || y > bottom) continue;
      const state = states[node]!;
      if (state === 0 || (focused && state === 2)) continue;
      tried++;
      this.place(node, false, camera, sizes, paint);
    }
  }

  private place(node: number, strong: boolean, camera: Camera, sizes: Sizes, paint: Paint): void {
    const core = this.core!;
    const { context } = this;
    const size = strong ? 13 : 12;
    context.font = `${strong ? 650 : 450} ${size}px ${FONT}`;
    const { text, width } = this.text(node, strong);
    const [x, y] = camera.toScreen(core.x[node]!, core.y[node]!);
    const gap = Math.max(sizes.radius(node, camera.zoom), strong ? 6 : 0) * 1.1 + 4;
    const spots: [number, number][] = [
      [x + gap, y - HEIGHT / 2],
      [x - gap - width, y - HEIGHT / 2],
      [x - width / 2, y + gap - 1],
      [x - width / 2, y - gap - HEIGHT + 1],
    ];
    for (const [left, top] of spots) {
      const box = { x: left, y: top, width, height: HEIGHT, text, node, community: -1 };
      if (!strong && !inside(box, camera)) continue;
      if (this.clashes(box)) continue;
      this.write(box, paint);
      return;
    }
  }

  private communities(camera: Camera, paint: Paint, many: boolean, focused: boolean): void {
    const { context } = this;
    const core = this.core!;
    const span = Math.min(camera.free.width, camera.free.height);
    for (const [community, disc] of core.header.communities.entries()) {
      const radius = disc.r * camera.k;
      // A disc that fills the view needs no name over its nodes; a speck has no room for one.
      const alpha = fade(radius, span * 0.55, span * 0.9) * (focused ? 0.45 : many ? 1 : 0.85);
      if (alpha <= 0.03 || radius < 9) continue;
      const size = Math.round(Math.min(Math.max(11 + Math.sqrt(disc.nodes) * 0.11, 11.5), 21) + Math.min(2, (camera.zoom - 1) * 0.5));
      context.font = `600 ${size}px ${FONT}`;
      const rows = wrap(line(disc.name, 64), context, Math.max(radius * 1.9, 84));
      const width = Math.max(...rows.map((row) => context.measureText(row).width));
      const [x, y] = camera.toScreen(disc.x, disc.y);
      const height = rows.length * size * 1.15;
      const top = many ? y - height / 2 : y - radius - height - 2;
      const box = { x: x - width / 2, y: top, width, height, text: rows.join(" "), node: -1, community };
      if (x < -width || x > camera.width + width || y < -height || y > camera.height + height || this.clashes(box)) continue;
      this.placed.push(box);
      context.globalAlpha = alpha;
      context.textAlign = "center";
      context.lineWidth = 4;
      context.strokeStyle = many ? paint.land : paint.halo;
      context.fillStyle = many ? paint.ink : paint.muted;
      rows.forEach((row, index) => {
        const at = top + (index + 0.5) * size * 1.15;
        context.strokeText(row, x, at);
        context.fillText(row, x, at);
      });
      context.textAlign = "left";
      context.globalAlpha = 1;
    }
  }

  private write(box: Box, paint: Paint): void {
    const { context } = this;
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
    if (strong) return { text: known.text, width: (known.strong ||= this.context.measureText(known.text).width) };
    return { text: known.text, width: (known.width ||= this.context.measureText(known.text).width) };
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

/** Break a name into at most three rows of a width. */
function wrap(text: string, context: CanvasRenderingContext2D, width: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(" ")) {
    const longer = row ? `${row} ${word}` : word;
    if (row && rows.length < 2 && context.measureText(longer).width > width) {
      rows.push(row);
      row = word;
    } else row = longer;
  }
  rows.push(clipTo(row));
  return rows;
}

function clipTo(row: string): string {
  return row.length > 40 ? `${row.slice(0, 39)}…` : row;
}
