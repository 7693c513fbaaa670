/** How kinds and relations look: shape and colour from the palette of Okabe and Ito (2008), as in viz/style.py. */

import { svg } from "./dom";

export type Shape = "dot" | "square" | "diamond" | "triangle" | "hexagon" | "star" | "triangleDown";
export type Theme = "light" | "dark";

const KINDS: Record<string, { shape: Shape; colour: string; plural: string }> = {
  Method: { shape: "dot", colour: "#0072B2", plural: "Methods" },
  Dataset: { shape: "square", colour: "#E69F00", plural: "Datasets" },
  Benchmark: { shape: "diamond", colour: "#E69F00", plural: "Benchmarks" },
  Task: { shape: "triangle", colour: "#009E73", plural: "Tasks" },
  Paper: { shape: "hexagon", colour: "#56B4E9", plural: "Papers" },
  Author: { shape: "star", colour: "#CC79A7", plural: "Authors" },
  Result: { shape: "triangleDown", colour: "#D55E00", plural: "Results" },
};
const OTHER = { shape: "dot" as Shape, colour: "#888888", plural: "Others" };

const LINES: Record<string, string> = {
  EVALUATED_ON: "#E69F00",
  TRAINED_ON: "#B8860B",
  COMPARED_WITH: "#D55E00",
  BASED_ON: "#0072B2",
  USED_FOR: "#009E73",
  BENCHMARK_FOR: "#66A61E",
  VARIANT_OF: "#8C8C8C",
  PROPOSES: "#CC79A7",
  EVALUATES_ON: "#E69F00",
  TRAINS_ON: "#B8860B",
  COMPARES: "#D55E00",
  USES: "#56B4E9",
  ADDRESSES: "#009E73",
};
const DASHED = new Set(["COMPARED_WITH", "VARIANT_OF", "COMPARES"]);

/** Colours of what is drawn on the canvases. */
export interface Paint {
  ground: string;
  land: string;
  shore: string;
  link: string;
  ink: string;
  muted: string;
  halo: string;
  accent: string;
  region: string;
}

export const PAINTS: Record<Theme, Paint> = {
  light: {
    ground: "#EEF1F5",
    land: "#FFFFFF",
    shore: "#D9DFE7",
    link: "#5C6F87",
    ink: "#18212C",
    muted: "#4A5868",
    halo: "#FFFFFF",
    accent: "#0B57D0",
    region: "#5B6B7E",
  },
  dark: {
    ground: "#0C1117",
    land: "#141B24",
    shore: "#232D3A",
    link: "#8FA3BC",
    ink: "#E8EDF4",
    muted: "#A9B7C8",
    halo: "#0C1117",
    accent: "#8AB4F8",
    region: "#93A4B8",
  },
};

export function kindLook(kind: string): { shape: Shape; colour: string; plural: string } {
  return KINDS[kind] ?? OTHER;
}

export function relationColour(relation: string): string {
  return LINES[relation] ?? "#8C8C8C";
}

export function relationDashed(relation: string): boolean {
  return DASHED.has(relation);
}

/** Give a colour as three numbers from 0 to 1. */
export function rgb(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

const around = (corners: number, turn: number, radius = 1, inner = radius): [number, number][] =>
  Array.from({ length: corners }, (_, corner) => {
    const angle = turn + (2 * Math.PI * corner) / corners;
    const reach = corner % 2 ? inner : radius;
    return [reach * Math.cos(angle), reach * Math.sin(angle)];
  });

const UP = -Math.PI / 2;
const OUTLINES: Record<Exclude<Shape, "dot">, [number, number][]> = {
  square: around(4, Math.PI / 4, 1.2),
  diamond: around(4, UP, 1.22),
  triangle: around(3, UP, 1.3),
  hexagon: around(6, 0, 1.1),
  star: around(10, UP, 1.35, 0.6),
  triangleDown: around(3, -UP, 1.3),
};

/** Give the corners of a shape of radius 1 around the origin (y down); none for the dot, which is a circle. */
export function outline(shape: Shape): [number, number][] {
  return shape === "dot" ? [] : OUTLINES[shape];
}

/** Give a shape as the node shader takes it: slice, where slices begin, lean, distance of an edge (y down). */
export function slices(shape: Shape): [number, number, number, number] {
  if (shape === "dot") return [0.098, 0, 0, 1];
  const corners = OUTLINES[shape];
  const [tip, next] = [corners[0]!, corners[1]!];
  const toTip = Math.atan2(tip[1], tip[0]);
  const normal = Math.atan2(next[0] - tip[0], -(next[1] - tip[1])) + Math.PI;
  // The normal that points outwards.
  const lean = Math.atan2(Math.sin(normal - toTip), Math.cos(normal - toTip));
  const out = Math.abs(lean) > Math.PI / 2 ? lean - Math.sign(lean) * Math.PI : lean;
  const inner = Math.hypot(...tip) * Math.cos(out);
  return [(2 * Math.PI) / (shape === "star" ? 5 : corners.length), toTip, Math.abs(out), inner];
}

/** Make a small picture of a kind for lists. */
export function kindIcon(kind: string): SVGElement {
  const { shape, colour } = kindLook(kind);
  const drawing =
    shape === "dot"
      ? svg("circle", { r: 1, fill: colour })
      : svg("polygon", { points: outline(shape).map((corner) => corner.map((at) => at.toFixed(3)).join()).join(" "), fill: colour });
  return svg("svg", { viewBox: "-1.4 -1.4 2.8 2.8", class: "kg-kind", "aria-hidden": "true", focusable: "false" }, drawing);
}

/** Make a small picture of a relation for lists. */
export function relationIcon(relation: string): SVGElement {
  const stroke = svg("line", { x1: 1, y1: 4, x2: 19, y2: 4, stroke: relationColour(relation), "stroke-width": 2.5 });
  if (relationDashed(relation)) stroke.setAttribute("stroke-dasharray", "4 3");
  return svg("svg", { viewBox: "0 0 20 8", class: "kg-line", "aria-hidden": "true", focusable: "false" }, stroke);
}
