/** Draws the map into a canvas: communities' discs, links, nodes; from typed arrays, without an object a node or link.
 * Knows no text and no events. */

import type { Camera, Sizes } from "./camera";
import type { Core } from "./core";
import { kindLook, PAINTS, relationColour, relationDashed, rgb, slices, type Theme } from "./looks";
import { makeStamp, pixel, Raster, type Stamp } from "./raster";

/** What a node is drawn as. */
export const enum State {
  Hidden = 0,
  Normal = 1,
  Dim = 2,
  Near = 3,
  Chosen = 4,
}

export interface Scene {
  theme: Theme;
  /** How many of the thin links to draw, and how many pixels of them. */
  links: number;
  linkPixels: number;
  /** 0 to 1: how opaque a thin link is. */
  linkAlpha: number;
  /** It will be drawn again in a moment: speed before beauty. */
  moving: boolean;
}

/** Steps of a stamp's size in a pixel, and places between two pixels. */
const SIZE_STEPS = 6;
const SHIFTS = 4;
/** From this size on, places between pixels no longer show. */
const LARGE = 8 * SIZE_STEPS;
/** So many wide links are drawn plainly while the map moves. */
const PLAIN_ABOVE = 150;
const DOT = slices("dot");

export class Painter {
  private readonly raster = new Raster();
  private core: Core | null = null;
  private sizes: Sizes | null = null;
  private states = new Uint8Array(0);
  private thin = new Uint32Array(0);
  private wide: ArrayLike<number> = [];
  private wideStrength: (link: number) => number = () => 1;
  private readonly stamps: (Stamp | undefined)[] = new Array(2 * 60 * SIZE_STEPS * 8 * SHIFTS * SHIFTS);
  private stamped = "";

  constructor(private readonly context: CanvasRenderingContext2D) {}

  load(core: Core, sizes: Sizes): void {
    this.core = core;
    this.sizes = sizes;
    this.states = new Uint8Array(core.n).fill(State.Normal);
    this.thin = new Uint32Array(0);
    this.wide = [];
    this.stamped = "";
  }

  /** Say how each node is drawn, which links are drawn thin (most important first) and which wide, in the colour of
   * their relation and how strongly (0 to 1). */
  show(states: Uint8Array<ArrayBuffer>, thin: Uint32Array<ArrayBuffer>, wide: ArrayLike<number>, strength: (link: number) => number): void {
    this.states = states;
    this.thin = thin;
    this.wide = wide;
    this.wideStrength = strength;
  }

  paint(camera: Camera, scene: Scene): void {
    const { core, sizes, raster, context } = this;
    if (!core || !sizes) return;
    const { width, height } = context.canvas;
    raster.resize(width, height);
    const ratio = width / camera.width;
    const k = camera.k * ratio;
    const left = width / 2 - camera.x * k;
    const top = height / 2 - camera.y * k;
    const paint = PAINTS[scene.theme];
    raster.clear(pixel(rgb(paint.ground)));
    const discs = core.header.communities;
    if (discs.length > 1) {
      const [land, shore] = [pixel(rgb(paint.land)), pixel(rgb(paint.shore))];
      for (const disc of discs) if (disc.r > 0) raster.disc(disc.x * k + left, disc.y * k + top, disc.r * k, land, shore, ratio);
    }
    this.paintThin(scene, k, left, top, pixel(rgb(paint.link)));
    this.paintWide(scene, k, left, top, ratio, sizes.grow(camera.zoom) * ratio);
    this.paintNodes(scene, k, left, top, ratio, sizes.grow(camera.zoom) * ratio);
    context.putImageData(raster.image, 0, 0);
  }

  private paintThin(scene: Scene, k: number, left: number, top: number, colour: number): void {
    const { raster, thin } = this;
    const { x, y, source, target } = this.core!;
    const { width, height } = raster;
    const alpha = Math.max(2, Math.round(256 * scene.linkAlpha));
    const count = Math.min(scene.links, thin.length);
    let room = scene.linkPixels;
    for (let at = 0; at < count && room > 0; at++) {
      const link = thin[at]!;
      const from = source[link]!;
      const to = target[link]!;
      const x0 = x[from]! * k + left;
      const y0 = y[from]! * k + top;
      const x1 = x[to]! * k + left;
      const y1 = y[to]! * k + top;
      // A link that only passes by says nothing here.
      if ((x0 < 0 || y0 < 0 || x0 > width || y0 > height) && (x1 < 0 || y1 < 0 || x1 > width || y1 > height)) continue;
      room -= Math.min(Math.abs(x1 - x0) + Math.abs(y1 - y0), width);
      raster.hairline(x0, y0, x1, y1, colour, alpha, !scene.moving);
    }
  }

  private paintWide(scene: Scene, k: number, left: number, top: number, ratio: number, grow: number): void {
    const { raster, wide } = this;
    const core = this.core!;
    const colours = core.header.relations.map((relation) => pixel(rgb(relationColour(relation))));
    const dashes = core.header.relations.map((relation) => (relationDashed(relation) ? 9 * ratio : 0));
    const thick = 1.25 * ratio;
    const head = 4 * thick + 2;
    for (let index = 0; index < wide.length; index++) {
      const link = wide[index]!;
      const [from, to] = [core.source[link]!, core.target[link]!];
      const relation = core.relation[link]!;
      const alpha = 256 * this.wideStrength(link);
      const [x0, y0] = [core.x[from]! * k + left, core.y[from]! * k + top];
      const [x1, y1] = [core.x[to]! * k + left, core.y[to]! * k + top];
      const whole = Math.hypot(x1 - x0, y1 - y0);
      if (whole < 0.5) continue;
      const colour = colours[relation] ?? 0xff888888 | 0;
      if (scene.moving && wide.length > PLAIN_ABOVE) {
        raster.hairline(x0, y0, x1, y1, colour, Math.round(alpha), true);
        continue;
      }
      const [ux, uy] = [(x1 - x0) / whole, (y1 - y0) / whole];
      const room = whole - this.reach(from, grow, ratio) - this.reach(to, grow, ratio);
      if (room < 2 * head) {
        raster.line(x0, y0, x1, y1, colour, alpha, thick, dashes[relation] ?? 0);
        continue;
      }
      // The line ends inside its arrow.
      const tip = whole - this.reach(to, grow, ratio) - 0.5;
      const [tx, ty] = [x0 + ux * tip, y0 + uy * tip];
      raster.line(x0, y0, tx - ux * head * 0.7, ty - uy * head * 0.7, colour, alpha, thick, dashes[relation] ?? 0);
      const [bx, by] = [tx - ux * head, ty - uy * head];
      const side = head * 0.42;
      raster.triangle([tx, bx - uy * side, bx + uy * side], [ty, by + ux * side, by - ux * side], colour, Math.min(256, alpha * 1.3));
    }
  }

  private reach(node: number, grow: number, ratio: number): number {
    const { least, most, share } = this.sizes!;
    const radius = Math.min((least + (most - least) * share[node]!) * grow, 24 * ratio);
    const state = this.states[node]!;
    if (state === State.Chosen) return Math.max(radius * 1.15, 6 * ratio) + 5 * ratio;
    return state === State.Near ? Math.max(radius, 3.5 * ratio) : radius;
  }

  private paintNodes(scene: Scene, k: number, left: number, top: number, ratio: number, grow: number): void {
    const { raster, states } = this;
    const core = this.core!;
    const { least, most, share } = this.sizes!;
    const { x, y, kind } = core;
    const { width, height } = raster;
    const key = `${scene.theme} ${ratio} ${core.header.communities.length > 1}`;
    if (key !== this.stamped) {
      this.stamps.fill(undefined);
      this.stamped = key;
    }
    const cap = 24 * ratio;
    const span = (most - least) * grow;
    const base = least * grow;
    // The best supported last, on top; what is near the chosen node above all others.
    const above: number[] = [];
    const stamps = this.stamps;
    const n = core.n;
    for (let turn = 0; turn < n + above.length; turn++) {
      const node = turn < n ? n - 1 - turn : above[turn - n]!;
      const state = states[node]!;
      if (state === State.Hidden) continue;
      const u = x[node]! * k + left;
      const v = y[node]! * k + top;
      if (u < -40 || v < -40 || u > width + 40 || v > height + 40) continue;
      let radius = base + span * share[node]!;
      if (radius > cap) radius = cap;
      if (state >= State.Near) {
        if (turn < n) {
          above.push(node);
          continue;
        }
        radius = state === State.Chosen ? Math.max(radius * 1.15, 6 * ratio) : Math.max(radius, 3.5 * ratio);
      }
      const size = Math.max(1, Math.round(radius * SIZE_STEPS));
      // Small ones sit between pixels, or they would jump as the map moves; large ones need not.
      const column = Math.floor(u);
      const row = Math.floor(v);
      const shift = size < LARGE ? Math.floor((u - column) * SHIFTS) + SHIFTS * Math.floor((v - row) * SHIFTS) : 5;
      const at = ((size * 2 + (state === State.Dim ? 1 : 0)) * 8 + Math.min(kind[node]!, 7)) * SHIFTS * SHIFTS + shift;
      const stamp = (stamps[at] ??= this.makeStamp(size / SIZE_STEPS, state === State.Dim, kind[node]!, shift, scene.theme, ratio));
      raster.stamp(stamp, column, row);
    }
  }

  private makeStamp(radius: number, dim: boolean, kind: number, shift: number, theme: Theme, ratio: number): Stamp {
    const { header } = this.core!;
    const look = kindLook(header.kinds[kind] ?? "Other");
    const paint = PAINTS[theme];
    const full = rgb(look.colour);
    const land = rgb(header.communities.length > 1 ? paint.land : paint.ground);
    const mixed = (share: number) => full.map((part, at) => land[at]! + (part - land[at]!) * share) as [number, number, number];
    const fill = dim ? mixed(0.22) : full;
    const edge = dim || radius <= 3 * ratio ? fill : (full.map((part) => part * 0.72) as [number, number, number]);
    const place = (step: number) => (step + 0.5) / SHIFTS - 0.5;
    return makeStamp(radius < 2.2 ? DOT : slices(look.shape), radius, [place(shift % SHIFTS), place(Math.floor(shift / SHIFTS))], fill, edge, ratio);
  }
}
