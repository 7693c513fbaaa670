/** Finds the node under a point: a grid of cells over the world, without an object a node. */

import type { Core } from "./core";

export class Grid {
  private readonly starts: Uint32Array;
  private readonly nodes: Uint32Array;
  private readonly side: number;
  private readonly columns: number;
  private readonly rows: number;
  private readonly left: number;
  private readonly top: number;

  constructor(private readonly core: Core) {
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let node = 0; node < core.n; node++) {
      left = Math.min(left, core.x[node]!);
      right = Math.max(right, core.x[node]!);
      top = Math.min(top, core.y[node]!);
      bottom = Math.max(bottom, core.y[node]!);
    }
    this.left = core.n ? left : 0;
    this.top = core.n ? top : 0;
    const [width, height] = core.n ? [right - left, bottom - top] : [1, 1];
    this.side = Math.max(Math.sqrt((width * height) / Math.max(core.n / 4, 1)), Math.max(width, height) / 500, 1e-9);
    this.columns = Math.floor(width / this.side) + 1;
    this.rows = Math.floor(height / this.side) + 1;
    const cells = new Uint32Array(core.n);
    this.starts = new Uint32Array(this.columns * this.rows + 1);
    for (let node = 0; node < core.n; node++) {
      cells[node] = this.column(core.x[node]!) + this.row(core.y[node]!) * this.columns;
      this.starts[cells[node]! + 1]!++;
    }
    for (let cell = 0; cell + 1 < this.starts.length; cell++) this.starts[cell + 1]! += this.starts[cell]!;
    const next = this.starts.slice();
    this.nodes = new Uint32Array(core.n);
    for (let node = 0; node < core.n; node++) this.nodes[next[cells[node]!]!++] = node;
  }

  /** Give the node nearest to a place of the world that `accept`s its distance, or -1. */
  nearest(x: number, y: number, reach: number, accept: (node: number, distance: number) => boolean): number {
    let best = -1;
    let least = Infinity;
    for (let row = this.row(y - reach); row <= this.row(y + reach); row++) {
      for (let column = this.column(x - reach); column <= this.column(x + reach); column++) {
        const cell = column + row * this.columns;
        for (let at = this.starts[cell]!; at < this.starts[cell + 1]!; at++) {
          const node = this.nodes[at]!;
          const distance = Math.hypot(this.core.x[node]! - x, this.core.y[node]! - y);
          if (distance < least && accept(node, distance)) [best, least] = [node, distance];
        }
      }
    }
    return best;
  }

  private column(x: number): number {
    return Math.min(Math.max(Math.floor((x - this.left) / this.side), 0), this.columns - 1);
  }

  private row(y: number): number {
    return Math.min(Math.max(Math.floor((y - this.top) / this.side), 0), this.rows - 1);
  }
}
