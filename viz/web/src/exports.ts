/** Files of what is visible: pictures of the view, tables and papers. Made here, given to the person by a Blob. */

import { type Core } from "./core";
import { kindLook, outline, PAINTS, relationColour, relationDashed, type Theme } from "./looks";
import type { MapView } from "./map";
import type { PaperRow } from "./source";
import { line, plain } from "./text";
import type { Visible } from "./visible";

/** Links in a drawing at most: a larger file would open nowhere. */
const SVG_LINKS = 20_000;

/** Quote a cell of CSV; what a spreadsheet would take for a formula gets an apostrophe before it. */
export function csvCell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[\s]*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(rows: Iterable<(string | number)[]>): string {
  let text = "";
  for (const row of rows) text += `${row.map(csvCell).join()}\r\n`;
  return text;
}

function* each(flags: Uint8Array): Generator<number> {
  for (let at = 0; at < flags.length; at++) if (flags[at]) yield at;
}

export function nodesCsv(core: Core, visible: Visible): string {
  const rows = function* (): Generator<(string | number)[]> {
    yield ["id", "name", "kind", "papers", "first_year", "last_year", "topic", "aliases"];
    for (const node of each(visible.nodes)) {
      yield [core.id(node), core.name(node), core.kindName(node), core.papers[node]!, core.first[node] || "", core.last[node] || "", core.communityOf(node)?.name ?? "", core.aliasesOf(node).join("; ")];
    }
  };
  return csv(rows());
}

export function linksCsv(core: Core, visible: Visible): string {
  const rows = function* (): Generator<(string | number)[]> {
    yield ["source", "relation", "target", "source_name", "target_name", "papers", "score", "first_year", "last_year"];
    for (const link of each(visible.links)) {
      const [from, to] = [core.source[link]!, core.target[link]!];
      yield [core.id(from), core.relationName(link), core.id(to), core.name(from), core.name(to), core.linkPapers[link]!, core.linkScore[link]! / 100, core.linkFirst[link] || "", core.linkLast[link] || ""];
    }
  };
  return csv(rows());
}

/** Give nodes and links as JSON, in the order of the graph. */
export function graphJson(core: Core, visible: Visible): string {
  const nodes = Array.from(each(visible.nodes), (node) => ({
    id: core.id(node),
    name: core.name(node),
    kind: core.kindName(node),
    aliases: core.aliasesOf(node),
    papers: core.papers[node],
    first_year: core.first[node] || null,
    last_year: core.last[node] || null,
    topic: core.communityOf(node)?.name ?? null,
    x: core.x[node],
    y: core.y[node],
  }));
  const links = Array.from(each(visible.links), (link) => ({
    source: core.id(core.source[link]!),
    relation: core.relationName(link),
    target: core.id(core.target[link]!),
    papers: core.linkPapers[link],
    score: core.linkScore[link]! / 100,
    first_year: core.linkFirst[link] || null,
    last_year: core.linkLast[link] || null,
  }));
  return `${JSON.stringify({ title: core.header.title, nodes, links }, null, 1)}\n`;
}

const TEX: Record<string, string> = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "%": "\\%", "&": "\\&", "#": "\\#", $: "\\$", _: "\\_", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };

function tex(text: string): string {
  return plain(text).replace(/[\\{}%&#$_~^]/g, (sign) => TEX[sign]!);
}

/** Give papers as BibTeX, with keys that are letters and digits and differ from each other. */
export function bibtex(papers: Iterable<PaperRow>): string {
  const used = new Map<string, number>();
  let text = "";
  for (const paper of papers) {
    const family = (paper.authors[0] ?? "").split(/[\s,]+/).filter(Boolean).at((paper.authors[0] ?? "").includes(",") ? 0 : -1) ?? "";
    const word = paper.title.split(/\s+/).find((part) => part.length > 3) ?? paper.title;
    const ascii = (part: string) => part.normalize("NFKD").replace(/[^A-Za-z0-9]/g, "").toLowerCase().slice(0, 24);
    const stem = `${ascii(family) || "anon"}${paper.year ?? ""}${ascii(word)}`;
    const times = (used.get(stem) ?? 0) + 1;
    used.set(stem, times);
    const fields: [string, string][] = [
      ["title", `{${tex(paper.title)}}`],
      ["author", paper.authors.map(tex).join(" and ")],
      ["year", paper.year ? String(paper.year) : ""],
      [paper.venue ? "booktitle" : "", tex(paper.venue)],
      ["url", plain(paper.url).replace(/[{}\\\s]/g, "")],
      ["note", paper.id ? `id: ${tex(paper.id)}` : ""],
    ];
    const body = fields.filter(([name, value]) => name && value).map(([name, value]) => `  ${name} = {${value}}`);
    text += `@${paper.venue ? "inproceedings" : "misc"}{${stem}${times > 1 ? `-${times}` : ""},\n${body.join(",\n")}\n}\n\n`;
  }
  return text;
}

const XML: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function xml(text: string): string {
  return plain(text).replace(/[&<>"']/g, (sign) => XML[sign]!).replace(/[\ud800-\udfff]/g, (unit, at: number, whole: string) => (isPaired(whole, at) ? unit : "\ufffd"));
}

function isPaired(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  const other = text.charCodeAt(code < 0xdc00 ? at + 1 : at - 1);
  return code < 0xdc00 ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other < 0xdc00;
}

/** Give the view as a drawing: its links, nodes and the names that are drawn, with a legend. */
export function drawing(core: Core, visible: Visible, map: MapView, theme: Theme): string {
  const { camera, sizes } = map;
  const { width, height } = camera;
  const paint = PAINTS[theme];
  const at = (value: number) => value.toFixed(1);
  const sees = (x: number, y: number, reach: number) => x > -reach && x < width + reach && y > -reach && y < height + reach;
  const parts: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${at(width)} ${at(height)}" width="${at(width)}" height="${at(height)}" font-family="system-ui, sans-serif">`,
    `<title>${xml(core.header.title)}</title>`,
    `<rect width="100%" height="100%" fill="${paint.ground}"/>`,
  ];
  if (core.header.communities.length > 1) {
    for (const disc of core.header.communities) {
      const [x, y] = camera.toScreen(disc.x, disc.y);
      const r = disc.r * camera.k;
      if (sees(x, y, r)) parts.push(`<circle cx="${at(x)}" cy="${at(y)}" r="${at(r)}" fill="${paint.land}" stroke="${paint.shore}"/>`);
    }
  }
  let drawn = 0;
  parts.push(`<g stroke-opacity="0.4" stroke-width="1">`);
  for (const link of core.strongest) {
    if (!visible.links[link]) continue;
    const [from, to] = [map.where(core.source[link]!), map.where(core.target[link]!)];
    if (!sees(...from, 0) && !sees(...to, 0)) continue;
    if (++drawn > SVG_LINKS) break;
    const relation = core.relationName(link);
    parts.push(`<path d="M${at(from[0])} ${at(from[1])}L${at(to[0])} ${at(to[1])}" stroke="${relationColour(relation)}"${relationDashed(relation) ? ' stroke-dasharray="4 3"' : ""}/>`);
  }
  parts.push("</g>");
  for (let node = core.n - 1; node >= 0; node--) {
    if (!visible.nodes[node]) continue;
    const [x, y] = map.where(node);
    const radius = sizes!.radius(node, camera.zoom);
    if (sees(x, y, radius)) parts.push(shape(core.kindName(node), x, y, radius));
  }
  for (const box of map.labels.placed) {
    const community = box.community >= 0;
    const size = community ? 15 : 12;
    parts.push(
      `<text x="${at(box.x)}" y="${at(box.y + box.height / 2 + size * 0.35)}" font-size="${size}" font-weight="${community ? 600 : 450}" fill="${paint.ink}" stroke="${paint.halo}" stroke-width="3" paint-order="stroke">${xml(line(box.text, 80))}</text>`,
    );
  }
  const kinds = core.header.kinds.filter((_, kind) => visible.kindCounts[kind]);
  kinds.forEach((kind, row) => {
    const y = height - 16 - 20 * (kinds.length - 1 - row);
    parts.push(shape(kind, 18, y, 6), `<text x="32" y="${at(y + 4)}" font-size="12" fill="${paint.ink}">${xml(kindLook(kind).plural)}</text>`);
  });
  parts.push("</svg>\n");
  return parts.join("\n");
}

function shape(kind: string, x: number, y: number, radius: number): string {
  const look = kindLook(kind);
  const corners = outline(look.shape);
  if (!corners.length) return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius.toFixed(1)}" fill="${look.colour}"/>`;
  const points = corners.map(([u, v]) => `${(x + u * radius).toFixed(1)},${(y + v * radius).toFixed(1)}`).join(" ");
  return `<polygon points="${points}" fill="${look.colour}"/>`;
}
