/** Where the map is looked at from: world to window pixels and back. */

import type { Core } from "./core";

export interface Insets {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Spot {
  x: number;
  y: number;
  /** Pixels a world unit. */
  k: number;
}

export class Camera implements Spot {
  x = 0;
  y = 0;
  k = 1;
  width = 1;
  height = 1;
  insets: Insets = { left: 0, right: 0, top: 0, bottom: 0 };
  /** The scale at which everything fits; zoom is measured from it. */
  fitted = 1;
  private box = { x: 0, y: 0, width: 1, height: 1 };

  /** Take the graph's extent. */
  load(core: Core): void {
    let [low, high, left, right] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let node = 0; node < core.n; node++) {
      const x = core.x[node]!;
      const y = core.y[node]!;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < low) low = y;
      if (y > high) high = y;
    }
    for (const disc of core.n > 1 ? core.header.communities : []) {
      left = Math.min(left, disc.x - disc.r);
      right = Math.max(right, disc.x + disc.r);
      low = Math.min(low, disc.y - disc.r);
      high = Math.max(high, disc.y + disc.r);
    }
    if (!core.n) [low, high, left, right] = [0, 1, 0, 1];
    const least = Math.max(right - left, high - low, 1e-6) * 0.05;
    this.box = { x: (left + right) / 2, y: (low + high) / 2, width: Math.max(right - left, least), height: Math.max(high - low, least) };
    this.measure();
  }

  /** Set the size of the window onto the map, in pixels. */
  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.measure();
  }

  private measure(): void {
    const { width, height } = this.free;
    this.fitted = Math.min((width - 48) / this.box.width, (height - 48) / this.box.height);
    if (!(this.fitted > 0)) this.fitted = 1e-3;
  }

  /** The part of the window that no panel covers. */
  get free(): { x: number; y: number; width: number; height: number } {
    const { left, right, top, bottom } = this.insets;
    return {
      x: left,
      y: top,
      width: Math.max(80, this.width - left - right),
      height: Math.max(80, this.height - top - bottom),
    };
  }

  get zoom(): number {
    return this.k / this.fitted;
  }

  toScreen(x: number, y: number): [number, number] {
    return [(x - this.x) * this.k + this.width / 2, (y - this.y) * this.k + this.height / 2];
  }

  toWorld(x: number, y: number): [number, number] {
    return [(x - this.width / 2) / this.k + this.x, (y - this.height / 2) / this.k + this.y];
  }

  /** Give the spot that shows a disc of the world in the middle of the free part. */
  over(x: number, y: number, radius: number): Spot {
    const { width, height } = this.free;
    return this.centred(x, y, Math.min(width, height) / 2 / Math.max(radius, 1e-9));
  }

  /** Give the spot that shows a place in the middle of the free part, at a scale. */
  centred(x: number, y: number, k: number): Spot {
    const free = this.free;
    const scale = this.limit(k);
    return {
      x: x - (free.x + free.width / 2 - this.width / 2) / scale,
      y: y - (free.y + free.height / 2 - this.height / 2) / scale,
      k: scale,
    };
  }

  /** Give the spot that shows everything. */
  whole(): Spot {
    return this.centred(this.box.x, this.box.y, this.fitted);
  }

  /** Give the spot after zooming by a factor about a window point. */
  zoomed(factor: number, x: number, y: number): Spot {
    const [u, v] = this.toWorld(x, y);
    const k = this.limit(this.k * factor);
    return { x: u - (x - this.width / 2) / k, y: v - (y - this.height / 2) / k, k };
  }

  private limit(k: number): number {
    return Math.min(Math.max(k, this.fitted * 0.4), this.fitted * 400);
  }
}

/** How big nodes are drawn: radius in pixels at zoom 1 for the least and the most supported, and how they grow. */
export class Sizes {
  readonly least: number;
  readonly most: number;
  /** 0 to 1 a node, by papers. */
  readonly share: Float32Array;
  /** Nodes are drawn larger where few of them are visible, and smaller in a small window. */
  boost = 1;
  window = 1;

  constructor(core: Core) {
    const n = Math.max(core.n, 1);
    this.least = Math.min(Math.max(48 / Math.sqrt(n), 0.65), 5.5);
    this.most = this.least + Math.min(Math.max(150 / Math.sqrt(n), 3.2), 9);
    let top = 1;
    for (const papers of core.papers) if (papers > top) top = papers;
    this.share = Float32Array.from(core.papers, (papers) => (Math.log1p(papers) / Math.log1p(top)) ** 1.6);
  }

  grow(zoom: number): number {
    return Math.min(Math.max(zoom, 0.5) ** 0.5, 5.5) * this.boost * this.window;
  }

  radius(node: number, zoom: number): number {
    return Math.min((this.least + (this.most - this.least) * this.share[node]!) * this.grow(zoom), 24);
  }
}
