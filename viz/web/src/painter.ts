/** Draws the map with WebGL 2 from typed arrays: one call for all nodes, one for the links that are worth it.
 *
 * Nodes are uploaded in reverse, so that the best supported lie on top. Links share the nodes' vertices through an index,
 * best supported first: a prefix of it is what is worth drawing at a zoom. Knows no text and no events. */

import type { Camera, Sizes } from "./camera";
import type { Core } from "./core";
import { kindLook, type Paint, PAINTS, relationColour, relationDashed, rgb, SHAPES, type Theme } from "./looks";
import { ARROW, DISC, NODE, THIN, WIDE } from "./shaders";

/** What a node is drawn as; the order is that of the shader's numbers. */
export const enum State {
  Hidden = 0,
  Normal = 1,
  Dim = 2,
  Near = 3,
  Chosen = 4,
}

export class NoWebGL extends Error {}

/** Floats an instance of a wide link: two ends, two sizes, colour, dashed. */
const WIDE_FLOATS = 11;

type Uniforms = (name: string) => WebGLUniformLocation | null;

interface Program {
  program: WebGLProgram;
  at: Uniforms;
}

export interface Scene {
  theme: Theme;
  /** How many of the thin links to draw. */
  links: number;
  /** 0 to 1: how strongly thin links are drawn. */
  linkStrength: number;
}

export class Painter {
  private readonly gl: WebGL2RenderingContext;
  private readonly programs: { disc: Program; thin: Program; wide: Program; arrow: Program; node: Program };
  private readonly buffers = new Map<string, WebGLBuffer>();
  private readonly arrays = new Map<string, WebGLVertexArrayObject>();
  private core: Core | null = null;
  private sizes: Sizes | null = null;
  private discs = 0;
  private wide = 0;
  thin = 0;

  constructor(readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, preserveDrawingBuffer: false });
    if (!gl) throw new NoWebGL("This browser has no WebGL");
    this.gl = gl;
    this.programs = {
      disc: this.compile(DISC),
      thin: this.compile(THIN),
      wide: this.compile(WIDE),
      arrow: this.compile(ARROW),
      node: this.compile(NODE),
    };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** Upload a graph. */
  load(core: Core, sizes: Sizes): void {
    const { gl } = this;
    this.core = core;
    this.sizes = sizes;
    const { n } = core;
    const places = new Float32Array(2 * n);
    const shares = new Uint8Array(n);
    const kinds = new Uint8Array(n);
    for (let node = 0; node < n; node++) {
      const at = n - 1 - node;
      places[2 * at] = core.x[node]!;
      places[2 * at + 1] = core.y[node]!;
      shares[at] = Math.round(255 * sizes.share[node]!);
      kinds[at] = core.kind[node]!;
    }
    this.upload("places", places);
    this.upload("shares", shares);
    this.upload("kinds", kinds);
    this.upload("states", new Uint8Array(n).fill(State.Normal));
    const known = n > 150 ? core.header.communities.filter((disc) => disc.r > 0) : [];
    this.discs = known.length;
    this.upload("discs", Float32Array.from(known.flatMap((disc) => [disc.x, disc.y, disc.r])));
    this.upload("square", Float32Array.of(-1, -1, 1, -1, -1, 1, 1, 1));
    this.upload("strip", Float32Array.of(0, -1, 1, -1, 0, 1, 1, 1));
    this.upload("head", Float32Array.of(0, 0, 1, -1, 1, 1));
    this.upload("ends", new Float32Array(0));

    this.array("node", () => {
      this.attribute(0, "places", 2, gl.FLOAT);
      this.attribute(1, "shares", 1, gl.UNSIGNED_BYTE, { normalised: true });
      this.attribute(2, "kinds", 1, gl.UNSIGNED_BYTE, { whole: true });
      this.attribute(3, "states", 1, gl.UNSIGNED_BYTE, { whole: true });
    });
    this.array("thin", () => {
      this.attribute(0, "places", 2, gl.FLOAT);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffer("pairs"));
    });
    this.array("disc", () => {
      this.attribute(0, "square", 2, gl.FLOAT);
      this.attribute(1, "discs", 3, gl.FLOAT, { each: true });
    });
    for (const [name, corners] of [
      ["wide", "strip"],
      ["arrow", "head"],
    ] as const) {
      this.array(name, () => {
        this.attribute(0, corners, 2, gl.FLOAT);
        const stride = 4 * WIDE_FLOATS;
        this.attribute(1, "ends", 4, gl.FLOAT, { each: true, stride, offset: 0 });
        this.attribute(2, "ends", 2, gl.FLOAT, { each: true, stride, offset: 16 });
        this.attribute(3, "ends", 4, gl.FLOAT, { each: true, stride, offset: 24 });
        this.attribute(4, "ends", 1, gl.FLOAT, { each: true, stride, offset: 40 });
      });
    }
    this.thin = this.wide = 0;
  }

  /** Say how each node is drawn (`State`). */
  setStates(states: Uint8Array): void {
    const reversed = states.slice().reverse();
    this.upload("states", reversed);
  }

  /** Say which links are drawn thin, most important first. */
  setThin(links: Uint32Array): void {
    const core = this.core!;
    const pairs = new Uint32Array(2 * links.length);
    const top = core.n - 1;
    let at = 0;
    for (const link of links) {
      pairs[at++] = top - core.source[link]!;
      pairs[at++] = top - core.target[link]!;
    }
    const { gl } = this;
    gl.bindVertexArray(null);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffer("pairs"));
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, pairs, gl.STATIC_DRAW);
    this.thin = links.length;
  }

  /** Say which links are drawn wide, in their relation's colour; `strength` (0 to 1) for each. */
  setWide(links: ArrayLike<number>, strength: (link: number) => number): void {
    const core = this.core!;
    const share = this.sizes!.share;
    const colours = core.header.relations.map((relation) => rgb(relationColour(relation)));
    const dashes = core.header.relations.map((relation) => (relationDashed(relation) ? 1 : 0));
    const data = new Float32Array(WIDE_FLOATS * links.length);
    let at = 0;
    for (let index = 0; index < links.length; index++) {
      const link = links[index]!;
      const a = core.source[link]!;
      const b = core.target[link]!;
      const [red, green, blue] = colours[core.relation[link]!] ?? [0.5, 0.5, 0.5];
      const row = [core.x[a]!, core.y[a]!, core.x[b]!, core.y[b]!, share[a]!, share[b]!, red, green, blue, strength(link)];
      data.set(row, at);
      data[at + 10] = dashes[core.relation[link]!] ?? 0;
      at += WIDE_FLOATS;
    }
    this.upload("ends", data);
    this.wide = links.length;
  }

  /** Fit the canvas to its place; give whether that changed anything. */
  resize(width: number, height: number, ratio: number): boolean {
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width === w && this.canvas.height === h) return false;
    this.canvas.width = w;
    this.canvas.height = h;
    return true;
  }

  paint(camera: Camera, scene: Scene): void {
    const { gl, core, sizes } = this;
    if (!core || !sizes || gl.isContextLost()) return;
    const paint: Paint = PAINTS[scene.theme];
    const ratio = this.canvas.width / camera.width;
    const [sx, sy] = [(2 * camera.k) / camera.width, (-2 * camera.k) / camera.height];
    const view: [number, number, number, number] = [sx, sy, -camera.x * sx, -camera.y * sy];
    const screen: [number, number] = [this.canvas.width / 2, this.canvas.height / 2];
    const grow = sizes.grow(camera.zoom) * ratio;
    const radius: [number, number, number] = [sizes.least * grow, sizes.most * grow, 24 * ratio];
    const ground = rgb(paint.ground);
    const land = rgb(this.discs ? paint.land : paint.ground);

    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(...ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);

    if (this.discs) {
      const at = this.use("disc");
      gl.uniform4f(at("view"), ...view);
      gl.uniform2f(at("screen"), ...screen);
      gl.uniform3f(at("land"), ...land);
      gl.uniform3f(at("shore"), ...rgb(paint.shore));
      gl.uniform1f(at("ratio"), ratio);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.discs);
    }
    const thin = Math.min(scene.links, this.thin);
    if (thin) {
      const at = this.use("thin");
      gl.uniform4f(at("view"), ...view);
      const alpha = paint.linkAlpha * scene.linkStrength;
      gl.uniform4f(at("tint"), ...(rgb(paint.link).map((part) => part * alpha) as [number, number, number]), alpha);
      gl.drawElements(gl.LINES, 2 * thin, gl.UNSIGNED_INT, 0);
    }
    if (this.wide) {
      for (const name of ["wide", "arrow"] as const) {
        const at = this.use(name);
        gl.uniform4f(at("view"), ...view);
        gl.uniform2f(at("screen"), ...screen);
        gl.uniform3f(at("radius"), ...radius);
        gl.uniform1f(at("width"), 1.25 * ratio);
        if (name === "wide") gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.wide);
        else gl.drawArraysInstanced(gl.TRIANGLES, 0, 3, this.wide);
      }
    }
    const at = this.use("node");
    const kinds = core.header.kinds.slice(0, 8).map(kindLook);
    const colours = new Float32Array(24).fill(0.53);
    const shapes = new Uint32Array(8);
    kinds.forEach((look, kind) => {
      colours.set(rgb(look.colour), 3 * kind);
      shapes[kind] = SHAPES.indexOf(look.shape);
    });
    gl.uniform3fv(at("colours"), colours);
    gl.uniform1uiv(at("shapes"), shapes);
    gl.uniform4f(at("view"), ...view);
    gl.uniform3f(at("radius"), ...radius);
    gl.uniform3f(at("land"), ...land);
    gl.uniform1f(at("ratio"), ratio);
    gl.drawArrays(gl.POINTS, 0, core.n);
    gl.bindVertexArray(null);
  }

  private use(name: keyof typeof this.programs): Uniforms {
    const { program, at } = this.programs[name];
    this.gl.useProgram(program);
    this.gl.bindVertexArray(this.arrays.get(name)!);
    return at;
  }

  private buffer(name: string): WebGLBuffer {
    let buffer = this.buffers.get(name);
    if (!buffer) this.buffers.set(name, (buffer = this.gl.createBuffer()!));
    return buffer;
  }

  private upload(name: string, data: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer(name));
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  }

  private array(name: string, define: () => void): void {
    const { gl } = this;
    let array = this.arrays.get(name);
    if (!array) this.arrays.set(name, (array = gl.createVertexArray()!));
    gl.bindVertexArray(array);
    define();
    gl.bindVertexArray(null);
  }

  private attribute(
    place: number,
    name: string,
    size: number,
    type: number,
    { normalised = false, whole = false, each = false, stride = 0, offset = 0 } = {},
  ): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer(name));
    gl.enableVertexAttribArray(place);
    if (whole) gl.vertexAttribIPointer(place, size, type, stride, offset);
    else gl.vertexAttribPointer(place, size, type, normalised, stride, offset);
    gl.vertexAttribDivisor(place, each ? 1 : 0);
  }

  private compile({ vertex, fragment }: { vertex: string; fragment: string }): Program {
    const { gl } = this;
    const program = gl.createProgram()!;
    for (const [type, text] of [
      [gl.VERTEX_SHADER, vertex],
      [gl.FRAGMENT_SHADER, fragment],
    ] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new NoWebGL(`The map's program does not run here: ${gl.getProgramInfoLog(program) ?? ""}`);
    }
    const known = new Map<string, WebGLUniformLocation | null>();
    const at: Uniforms = (name) => {
      if (!known.has(name)) known.set(name, gl.getUniformLocation(program, name));
      return known.get(name) ?? null;
    };
    return { program, at };
  }
}
