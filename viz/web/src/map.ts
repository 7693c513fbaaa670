/** The map: canvases, camera, pointer and keys. What is drawn and how is told to it; what is pointed at it tells. */

import { Camera, type Insets, Sizes, type Spot } from "./camera";
import type { Community, Core } from "./core";
import { bdi, h } from "./dom";
import { Labels, MANY } from "./labels";
import { kindLook, PAINTS, type Theme } from "./looks";
import { Painter, State } from "./painter";
import { Grid } from "./pick";
import { count, line, years } from "./text";

export interface MapEvents {
  choose(node: number, more: { path: boolean }): void;
  background(): void;
  community(index: number): void;
  moved(): void;
  key(event: KeyboardEvent): boolean;
}

/** What the map shows, by node and link numbers. */
export interface Picture {
  states: Uint8Array<ArrayBuffer>;
  thin: Uint32Array<ArrayBuffer>;
  wide: ArrayLike<number>;
  wideStrength: (link: number) => number;
  /** Names that come first. */
  named: number[];
  /** The node with a ring, or -1. */
  chosen: number;
  /** Others recede: only names of what is near, best supported first, are shown. */
  focused: boolean;
  near: number[];
}

const STILL_AFTER = 140;
const FLIGHT = 380;
const LINKS_AFAR = 8_000;
/** Pixels of thin links drawn at rest, for a ratio of 1. */
const LINK_PIXELS = 2_500_000;
const REDUCED = matchMedia("(prefers-reduced-motion: reduce)");

export class MapView {
  readonly element: HTMLElement;
  readonly camera = new Camera();
  readonly works: boolean;
  readonly labels: Labels;
  theme: Theme = "light";
  sizes: Sizes | null = null;
  private readonly canvas = h("canvas", { class: "kg-canvas", "aria-hidden": "true" });
  private readonly hover = h("div", { class: "kg-hover", hidden: true, role: "presentation" });
  private readonly context: CanvasRenderingContext2D | null;
  private readonly painter: Painter | null;
  private core: Core | null = null;
  private grid: Grid | null = null;
  private picture: Picture | null = null;
  private pointed = -1;
  /** Where the pointer rests on the map. */
  private pointer: [number, number] | null = null;
  private asked = false;
  private still = 0;
  private moving = false;
  private budget = 150_000;
  private before = 0;
  private flight = 0;
  private untouched = true;
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private pressed: { x: number; y: number; moved: boolean } | null = null;

  constructor(private readonly events: MapEvents) {
    this.element = h(
      "div",
      {
        class: "kg-map",
        tabindex: "0",
        role: "application",
        "aria-label":
          "Map of the graph. Arrow keys move, plus and minus zoom, 0 shows all, Enter opens the node in the middle, " +
          "Shift with an arrow goes to the next node in that direction. The table shows the same.",
      },
      this.canvas,
      this.hover,
    );
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.painter = this.context && new Painter(this.context);
    this.labels = new Labels(this.context);
    this.works = this.context !== null;
    this.listen();
  }

  load(core: Core): void {
    this.core = core;
    this.sizes = new Sizes(core);
    this.grid = new Grid(core);
    this.camera.load(core);
    this.labels.load(core);
    this.painter?.load(core, this.sizes);
    this.pointed = -1;
    this.hover.hidden = true;
    this.untouched = true;
    Object.assign(this.camera, this.camera.whole());
  }

  /** Show a picture, in the next frame. */
  show(picture: Picture): void {
    this.picture = picture;
    this.painter?.show(picture.states, picture.thin, picture.wide, picture.wideStrength);
    if (this.pointed >= 0 && picture.states[this.pointed] === State.Hidden) this.point(-1, 0, 0);
    this.ask();
  }

  /** Say what the panels cover; the view of everything follows until someone moves the map. */
  setInsets(insets: Insets): void {
    this.camera.insets = insets;
    this.resize();
  }

  resize(): void {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const { zoom } = this.camera;
    this.camera.resize(clientWidth, clientHeight);
    const { free } = this.camera;
    if (this.sizes) this.sizes.window = Math.min(Math.max(Math.sqrt(Math.min(free.width, free.height) / 640), 0.6), 1);
    if (this.untouched) Object.assign(this.camera, this.camera.whole());
    else this.camera.k = Math.max(this.camera.k, this.camera.fitted * Math.min(zoom, 0.4));
    this.ask();
  }

  /** Whether nobody has moved the map since it was loaded or fitted. */
  get fitted(): boolean {
    return this.untouched;
  }

  fit(): void {
    this.fly(this.camera.whole(), true);
  }

  /** Go to a spot, in a short flight unless motion is unwelcome. */
  fly(spot: Spot, untouched = false): void {
    cancelAnimationFrame(this.flight);
    this.untouched = untouched;
    const from = { x: this.camera.x, y: this.camera.y, k: this.camera.k };
    if (REDUCED.matches || !this.element.clientWidth) {
      Object.assign(this.camera, spot);
      this.move();
      return;
    }
    let began = 0;
    const step = (now: number) => {
      began ||= now;
      const share = Math.min((now - began) / FLIGHT, 1);
      const eased = 1 - (1 - share) ** 3;
      const k = from.k * (spot.k / from.k) ** eased;
      // Places follow the scale, so that the path looks straight while zooming.
      const way = Math.abs(spot.k - from.k) < 1e-9 * from.k ? eased : (1 / k - 1 / from.k) / (1 / spot.k - 1 / from.k);
      Object.assign(this.camera, { x: from.x + (spot.x - from.x) * way, y: from.y + (spot.y - from.y) * way, k });
      if (share < 1) this.flight = requestAnimationFrame(step);
      else Object.assign(this.camera, spot);
      this.move();
    };
    this.flight = requestAnimationFrame(step);
  }

  zoom(factor: number): void {
    const { x, y, width, height } = this.camera.free;
    this.fly(this.camera.zoomed(factor, x + width / 2, y + height / 2));
  }

  /** Show a node: only as far as needed when it is in sight, else near enough to read names around it. */
  goTo(node: number, always: boolean): void {
    const { camera, core } = this;
    const [x, y] = [core!.x[node]!, core!.y[node]!];
    const [left, top] = camera.toScreen(x, y);
    const { free } = camera;
    const seen = left > free.x + 24 && left < free.x + free.width - 24 && top > free.y + 24 && top < free.y + free.height - 24;
    if (seen && !always) return;
    const near = core!.n > MANY ? 6 : core!.n > 500 ? 2.5 : core!.n > 120 ? 1.5 : 1;
    this.fly(camera.centred(x, y, Math.max(camera.k, camera.fitted * near)));
  }

  /** Give the spot that shows all of some nodes. */
  around(nodes: number[]): Spot {
    const { camera, core } = this;
    const xs = nodes.map((node) => core!.x[node]!);
    const ys = nodes.map((node) => core!.y[node]!);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const { width, height } = camera.free;
    const k = Math.min((width - 120) / Math.max(right - left, 1e-9), (height - 120) / Math.max(bottom - top, 1e-9));
    return camera.centred((left + right) / 2, (top + bottom) / 2, Math.min(Math.max(k, camera.fitted), camera.fitted * 40));
  }

  goToCommunity(community: Community): void {
    this.fly(this.camera.over(community.x, community.y, community.r * 1.08));
  }

  /** Where a node is, in pixels of the map. */
  where(node: number): [number, number] {
    return this.camera.toScreen(this.core!.x[node]!, this.core!.y[node]!);
  }

  private move(): void {
    this.moving = true;
    this.hover.hidden = true;
    clearTimeout(this.still);
    this.still = window.setTimeout(() => {
      this.moving = false;
      this.before = 0;
      this.ask();
      // Something else may lie under the pointer now.
      if (this.pointer) this.point(this.at(...this.pointer), ...this.pointer);
      this.events.moved();
    }, STILL_AFTER);
    this.ask();
  }

  private ask(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame((now) => {
      this.asked = false;
      this.adapt(now);
      this.paint();
    });
  }

  /** While moving, draw as many links as the frames have time for. */
  private adapt(now: number): void {
    if (this.moving && this.before) {
      const took = now - this.before;
      if (took > 34) this.budget = Math.max(0, this.budget / 2 - 1_000);
      else if (took < 20) this.budget = Math.min(LINK_PIXELS, this.budget * 1.2 + 5_000);
    }
    this.before = this.moving ? now : 0;
  }

  /** Draw now: for an export, or for the next frame. */
  paint(): void {
    const { camera, core, sizes, picture, context, painter, canvas } = this;
    if (!core || !sizes || !picture || !context || !painter || !this.element.clientWidth) return;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const links = this.drawnLinks();
    painter.paint(camera, {
      theme: this.theme,
      links,
      linkPixels: this.moving ? this.budget : LINK_PIXELS * ratio,
      // Fainter the more there are in sight, so that what lies under them stays legible.
      linkAlpha: Math.min(Math.max(6 / Math.sqrt(links / Math.max(1, camera.zoom) ** 1.5 + 1), 0.045), 0.3) * (picture.focused ? 0.4 : 1),
      moving: this.moving,
    });
    const paint = PAINTS[this.theme];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const first = this.pointed >= 0 ? [this.pointed, ...picture.named] : picture.named;
    for (const node of first) if (node === picture.chosen || node === this.pointed) this.ring(context, node, node === picture.chosen);
    this.labels.draw(camera, sizes, picture.states, paint, { first: new Set(first), near: picture.focused ? picture.near : null, moving: this.moving });
  }

  /** How many of the thin links are worth drawing: the strongest from afar, more from near. */
  drawnLinks(): number {
    if (!this.picture) return 0;
    const worth = LINKS_AFAR * Math.max(1, this.camera.zoom) ** 1.5;
    return Math.floor(Math.min(this.picture.thin.length, worth));
  }

  private ring(context: CanvasRenderingContext2D, node: number, chosen: boolean): void {
    const [x, y] = this.where(node);
    const paint = PAINTS[this.theme];
    const radius = Math.max(this.sizes!.radius(node, this.camera.zoom) * 1.15, 6) * 1.25 + 3;
    context.lineWidth = chosen ? 2.5 : 1.5;
    context.strokeStyle = chosen ? paint.accent : paint.muted;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  /** Give the node under a point of the map, or -1. */
  at(x: number, y: number): number {
    const { camera, grid, sizes, picture } = this;
    if (!grid || !sizes || !picture) return -1;
    const [u, v] = camera.toWorld(x, y);
    return grid.nearest(
      u,
      v,
      28 / camera.k,
      (node, distance) =>
        picture.states[node] !== State.Hidden && distance * camera.k <= sizes.radius(node, camera.zoom) * 1.1 + (camera.zoom < 1.6 && this.core!.n > MANY ? 2 : 4),
    );
  }

  private point(node: number, x: number, y: number): void {
    if (node !== this.pointed) {
      this.pointed = node;
      this.element.classList.toggle("kg-pointing", node >= 0);
      if (node >= 0) {
        const core = this.core!;
        const kind = core.kindName(node);
        const facts = [kind, core.papers[node] ? count(core.papers[node]!, "paper") : "", years(core.first[node]!, core.last[node]!)];
        this.hover.replaceChildren(
          bdi(line(core.name(node), 200), "kg-hover-name"),
          h("span", { class: "kg-muted", text: facts.filter(Boolean).join(" · ") }),
        );
        this.hover.style.setProperty("--kind", kindLook(kind).colour);
      }
      this.ask();
    }
    this.hover.hidden = node < 0 || this.moving;
    if (node >= 0) {
      const left = Math.min(x + 14, this.camera.width - this.hover.offsetWidth - 8);
      const top = y + 18 + this.hover.offsetHeight > this.camera.height ? y - this.hover.offsetHeight - 12 : y + 18;
      this.hover.style.transform = `translate(${Math.max(8, left)}px, ${Math.max(8, top)}px)`;
    }
  }

  private listen(): void {
    const { element } = this;
    new ResizeObserver(() => this.resize()).observe(element);
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("pointerdown", (event) => this.press(event));
    element.addEventListener("pointermove", (event) => this.drag(event));
    element.addEventListener("pointerup", (event) => this.release(event));
    element.addEventListener("pointercancel", (event) => {
      this.pointers.delete(event.pointerId);
      this.pressed = null;
    });
    element.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.point(-1, 0, 0);
    });
    element.addEventListener("dblclick", (event) => {
      const [x, y] = this.local(event);
      if (this.at(x, y) < 0) this.fly(this.camera.zoomed(event.shiftKey ? 0.5 : 2, x, y));
    });
    element.addEventListener("keydown", (event) => {
      if (this.key(event) || this.events.key(event)) event.preventDefault();
    });
  }

  private local(event: { clientX: number; clientY: number }): [number, number] {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    cancelAnimationFrame(this.flight);
    const lines = event.deltaMode === 1 ? 16 : 1;
    const factor = Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * (event.ctrlKey ? 0.01 : 0.0018));
    Object.assign(this.camera, this.camera.zoomed(factor, ...this.local(event)));
    this.untouched = false;
    this.move();
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    cancelAnimationFrame(this.flight);
    const [x, y] = this.local(event);
    this.pointers.set(event.pointerId, { x, y });
    this.pressed = this.pointers.size === 1 ? { x, y, moved: false } : null;
    this.element.setPointerCapture(event.pointerId);
  }

  private drag(event: PointerEvent): void {
    const [x, y] = this.local(event);
    const last = this.pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType === "touch") return;
      this.pointer = [x, y];
      this.point(this.at(x, y), x, y);
      return;
    }
    const { camera } = this;
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)![1];
      const factor = Math.hypot(x - other.x, y - other.y) / Math.max(Math.hypot(last.x - other.x, last.y - other.y), 1);
      camera.x -= (x - last.x) / 2 / camera.k;
      camera.y -= (y - last.y) / 2 / camera.k;
      Object.assign(camera, camera.zoomed(factor, (x + other.x) / 2, (y + other.y) / 2));
    } else {
      const { pressed } = this;
      if (pressed && !pressed.moved && Math.hypot(x - pressed.x, y - pressed.y) < 4) return;
      if (pressed) pressed.moved = true;
      camera.x -= (x - last.x) / camera.k;
      camera.y -= (y - last.y) / camera.k;
    }
    Object.assign(last, { x, y });
    this.untouched = false;
    this.element.classList.add("kg-dragging");
    this.move();
  }

  private release(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    this.element.classList.remove("kg-dragging");
    const { pressed } = this;
    this.pressed = null;
    if (!pressed || pressed.moved) return;
    const { x, y } = pressed;
    const node = this.at(x, y);
    if (node >= 0) this.events.choose(node, { path: event.shiftKey });
    else {
      const community = this.communityAt(x, y);
      if (community >= 0) this.events.community(community);
      else this.events.background();
    }
  }

  /** Give the community whose name is under a point, or -1. */
  private communityAt(x: number, y: number): number {
    const box = this.labels.placed.find((box) => box.community >= 0 && x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height);
    return box ? box.community : -1;
  }

  private key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const arrow = ARROWS[event.key];
    const { camera } = this;
    if (arrow) {
      const [x, y] = arrow;
      if (event.shiftKey) this.step(x, y);
      else this.fly({ x: camera.x + (x * 90) / camera.k, y: camera.y + (y * 90) / camera.k, k: camera.k });
      return true;
    }
    if (event.key === "+" || event.key === "=") this.zoom(1.6);
    else if (event.key === "-" || event.key === "_") this.zoom(1 / 1.6);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter") this.chooseMiddle();
    else return false;
    return true;
  }

  private chooseMiddle(): void {
    const { x, y, width, height } = this.camera.free;
    const [u, v] = this.camera.toWorld(x + width / 2, y + height / 2);
    const node = this.grid!.nearest(u, v, Math.max(width, height) / this.camera.k, (at) => this.picture!.states[at] !== State.Hidden);
    if (node >= 0) this.events.choose(node, { path: false });
  }

  /** Go from the chosen node to the next one in a direction. */
  private step(right: number, down: number): void {
    const { core, picture, camera } = this;
    if (!core || !picture || picture.chosen < 0) return this.chooseMiddle();
    const [x, y] = [core.x[picture.chosen]!, core.y[picture.chosen]!];
    let best = -1;
    let least = Infinity;
    for (let node = 0; node < core.n; node++) {
      const state = picture.states[node]!;
      if (state === State.Hidden || node === picture.chosen || (picture.focused && state === State.Dim)) continue;
      const [dx, dy] = [core.x[node]! - x, core.y[node]! - y];
      const along = dx * right + dy * down;
      const aside = Math.abs(dx * down) + Math.abs(dy * right);
      if (along <= 0 || aside > 2 * along) continue;
      const cost = along + 2 * aside;
      if (cost < least) [best, least] = [node, cost];
    }
    if (best >= 0) this.events.choose(best, { path: false });
    else this.fly({ x: camera.x + (right * 90) / camera.k, y: camera.y + (down * 90) / camera.k, k: camera.k });
  }

  /** Give the canvas with the picture as it is at rest. */
  snapshot(): HTMLCanvasElement {
    this.moving = false;
    this.pointed = -1;
    this.paint();
    return this.canvas;
  }
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
