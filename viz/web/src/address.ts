/** What the address keeps after "#": selection, filters, view and camera, by the graph's own ids and names. */

export interface Address {
  node: string | null;
  path: string | null;
  kindsOff: string[];
  relationsOff: string[];
  years: [number, number] | null;
  papers: number;
  linked: boolean;
  depth: number;
  pinned: string[];
  hidden: string[];
  view: "map" | "table" | "query";
  camera: { x: number; y: number; zoom: number } | null;
}

/** Ids of pinned and hidden nodes that an address carries at most. */
const KEPT = 60;

export function write(address: Address): string {
  const words = new URLSearchParams();
  const put = (name: string, values: Iterable<string | number>) => {
    for (const value of values) words.append(name, String(value));
  };
  if (address.node !== null) words.set("node", address.node);
  if (address.path !== null) words.set("path", address.path);
  put("without", address.kindsOff);
  put("except", address.relationsOff);
  if (address.years) words.set("years", address.years.join("-"));
  if (address.papers > 1) words.set("papers", String(address.papers));
  if (address.linked) words.set("linked", "1");
  if (address.depth) words.set("depth", String(address.depth));
  put("pin", address.pinned.slice(0, KEPT));
  put("hide", address.hidden.slice(0, KEPT));
  if (address.view !== "map") words.set("view", address.view);
  if (address.camera) words.set("at", [address.camera.x, address.camera.y, address.camera.zoom].map((value) => Number(value.toPrecision(6))).join("_"));
  return words.toString();
}

/** Read what `write` wrote; whatever makes no sense is left out. */
export function read(text: string): Address {
  const words = new URLSearchParams(text.replace(/^#/, ""));
  const numbers = (name: string, sign: string) => (words.get(name) ?? "").split(sign).map(Number);
  const years = numbers("years", "-");
  const at = numbers("at", "_");
  const view = words.get("view");
  const depth = Number(words.get("depth"));
  const papers = Number(words.get("papers"));
  return {
    node: words.get("node"),
    path: words.get("path"),
    kindsOff: words.getAll("without"),
    relationsOff: words.getAll("except"),
    years: years.length === 2 && years.every((year) => Number.isInteger(year) && year > 0) ? [Math.min(...years), Math.max(...years)] : null,
    papers: Number.isInteger(papers) && papers > 1 ? Math.min(papers, 65_535) : 1,
    linked: words.get("linked") === "1",
    depth: [1, 2, 3].includes(depth) ? depth : 0,
    pinned: words.getAll("pin").slice(0, KEPT),
    hidden: words.getAll("hide").slice(0, KEPT),
    view: view === "table" || view === "query" ? view : "map",
    camera: at.length === 3 && at.every(Number.isFinite) && at[2]! > 0 ? { x: at[0]!, y: at[1]!, zoom: at[2]! } : null,
  };
}
