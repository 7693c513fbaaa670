/** The frame around the views: header, panes, zoom buttons, status; themes, menus and the keys of the whole window. */

import { fill, h, icon } from "./dom";
import type { Explorer } from "./explorer";
import { bibtex, drawing, graphJson, linksCsv, nodesCsv } from "./exports";
import { download } from "./dom";
import type { Theme } from "./looks";
import { count } from "./text";

export type View = "map" | "table" | "query";

const ICONS = {
  filters: "M2 4h12M4.5 8h7M6.5 12h3",
  theme: "M8 2a6 6 0 1 0 6 6 4.5 4.5 0 0 1-6-6z",
  export: "M8 2v8M4.8 7L8 10.2 11.2 7M2.5 13.5h11",
  help: "M5.8 6a2.2 2.2 0 1 1 3.4 1.9c-.8.5-1.2.9-1.2 1.8M8 12.4v.1",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
};

const KEYS: [string, string][] = [
  ["/", "Search"],
  ["↑ ↓ Enter", "Choose a suggestion"],
  ["Escape", "Close what is open"],
  ["Alt ←", "Back"],
  ["Arrows", "Move the map"],
  ["Shift + arrow", "Next node that way"],
  ["+  −  0", "Zoom in, out, show all"],
  ["Enter", "Open the node in the middle"],
  ["p  h", "Pin, hide the chosen node"],
  ["Shift + click", "Path from the chosen node"],
];

export interface Frame {
  readonly search: HTMLInputElement;
  readonly theme: Theme;
  say(text: string, failed: boolean): void;
  counts(text: string): void;
  show(view: View): void;
  layout(): void;
  drawer(open: boolean): void;
  welcome(on: boolean, text: string): void;
}

/** Build the frame in the explorer's host, in place of what the page showed before. */
export function makeFrame(app: Explorer, options: { ask: boolean }): Frame {
  const { host, map, panel, table } = app;
  const old = host.querySelector<HTMLInputElement>(".kg-find");
  const title = host.querySelector(".kg-title")?.textContent ?? "";
  const had = old && document.activeElement === old;

  const search = h("input", { type: "search", class: "kg-find", placeholder: "Search names", "aria-label": "Search names", "aria-keyshortcuts": "/", value: old?.value ?? "" });
  search.value = old?.value ?? "";
  const heading = h("h1", { class: "kg-title" }, h("bdi", { text: title }));
  const round = (name: keyof typeof ICONS, label: string, listener: () => void, more = {}) =>
    h("button", { type: "button", class: "kg-round", "aria-label": label, title: label, on: { click: listener }, ...more }, icon(ICONS[name]));

  const views: View[] = options.ask ? ["map", "table", "query"] : ["map", "table"];
  const names = { map: "Map", table: "Table", query: "Query" };
  const switches = h("div", { class: "kg-segments kg-views", role: "group", "aria-label": "View" });
  for (const view of views) switches.append(h("button", { type: "button", "aria-pressed": String(view === "map"), "data-view": view, text: names[view], on: { click: () => app.show(view) } }));

  const menu = exportMenu(app);
  const exporter = round("export", "Export what is visible", () => toggle(), { "aria-expanded": "false", "aria-haspopup": "true" });
  const toggle = (open = menu.hidden) => {
    menu.hidden = !open;
    exporter.setAttribute("aria-expanded", String(open));
    if (open) menu.querySelector<HTMLElement>("button")!.focus();
  };
  menu.addEventListener("click", (event) => (event.target as Element).closest("button") && toggle(false));
  const away = (event: Event) => !menu.hidden && !menu.contains(event.target as Node) && !exporter.contains(event.target as Node) && toggle(false);
  host.addEventListener("pointerdown", away);
  menu.addEventListener("keydown", (event) => {
    const buttons = [...menu.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === "Escape") {
      event.stopPropagation();
      toggle(false);
      exporter.focus();
    } else if (event.key === "ArrowDown") buttons[(at + 1) % buttons.length]!.focus();
    else if (event.key === "ArrowUp") buttons[(at - 1 + buttons.length) % buttons.length]!.focus();
    else return;
    event.preventDefault();
  });

  const help = h(
    "dialog",
    { class: "kg-dialog", "aria-labelledby": "kg-help-title" },
    h("h2", { id: "kg-help-title", text: "Keys" }),
    h("dl", {}, ...KEYS.flatMap(([key, text]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text })])),
    h("form", { method: "dialog" }, h("button", { class: "kg-button", text: "Close" })),
  );

  const filterButton = round("filters", "Filters", () => drawer(!filtersOpen), { "aria-expanded": "true", "aria-controls": "kg-filters" });
  const header = h(
    "header",
    { class: "kg-top" },
    filterButton,
    heading,
    h("div", { class: "kg-search" }, search, h("kbd", { class: "kg-slash", "aria-hidden": "true", text: "/" })),
    switches,
    h("div", { class: "kg-tools" }, exporter, menu, round("theme", "Light or dark", () => setTheme(theme === "dark" ? "light" : "dark", true)), round("help", "Keys", () => help.showModal())),
  );

  const zoom = h("div", { class: "kg-zoom", role: "group", "aria-label": "Zoom" }, round("plus", "Zoom in", () => map.zoom(1.6)), round("minus", "Zoom out", () => map.zoom(1 / 1.6)), round("fit", "Show all", () => map.fit()));
  const note = h("div", { class: "kg-welcome", hidden: true });
  const query = h("div", { class: "kg-query", hidden: true });
  const warning = map.works ? null : h("p", { class: "kg-warning", role: "note", text: "This browser offers nothing to draw on, so there is no map. The table shows the same nodes and links." });
  const stage = h("main", { class: "kg-stage", "aria-label": "Graph" }, map.element, zoom, table.element, query, note, warning);

  const told = h("span", { class: "kg-said", role: "status", "aria-live": "polite" });
  const counted = h("span", { class: "kg-counts" });
  const footer = h("footer", { class: "kg-status" }, counted, told);
  const scrim = h("div", { class: "kg-scrim", hidden: true, on: { click: () => drawer(false) } });
  const body = h("div", { class: "kg-body" }, stage, app.filterElement, scrim, panel.element);

  let filtersOpen = true;
  const narrow = () => host.clientWidth < 760;

  function layout(): void {
    const width = host.clientWidth;
    const small = narrow();
    host.classList.toggle("kg-narrow", small);
    // Before there is a graph there is nothing to filter; a query's answer is not filtered.
    const filters = filtersOpen && Boolean(app.core) && app.shown !== "query";
    const left = filters && !small ? 248 : 0;
    const right = panel.open && !small ? Math.min(376, Math.round(width * 0.4)) : 0;
    const bottom = panel.open && small ? Math.round(body.clientHeight * 0.52) : 0;
    host.style.setProperty("--kg-left", `${left}px`);
    host.style.setProperty("--kg-right", `${right}px`);
    host.style.setProperty("--kg-bottom", `${bottom}px`);
    app.filterElement.hidden = !filters;
    filterButton.disabled = !app.core || app.shown === "query";
    scrim.hidden = !(filters && small);
    filterButton.setAttribute("aria-expanded", String(filters));
    map.setInsets({ left, right, top: 0, bottom });
  }

  function drawer(open: boolean): void {
    filtersOpen = open;
    layout();
  }

  let theme: Theme = "light";
  function setTheme(next: Theme, keep: boolean): void {
    theme = next;
    host.dataset.theme = next;
    app.setTheme(next);
    try {
      if (keep) localStorage.setItem("kg-theme", next);
    } catch {
      // A page without storage forgets the choice.
    }
  }

  fill(host, header, body, footer, help);
  host.classList.add("kg");
  host.dataset.view = "map";
  if (!map.works) host.classList.add("kg-no-map");
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  const kept = storedTheme();
  prefers.addEventListener("change", () => storedTheme() || setTheme(prefers.matches ? "dark" : "light", false));
  queueMicrotask(() => setTheme(kept ?? (prefers.matches ? "dark" : "light"), false));
  host.dataset.theme = kept ?? (prefers.matches ? "dark" : "light");
  theme = host.dataset.theme as Theme;
  // The map is a picture, which a style sheet for paper cannot turn light.
  addEventListener("beforeprint", () => {
    app.setTheme("light");
    map.snapshot();
  });
  addEventListener("afterprint", () => app.setTheme(theme));
  filtersOpen = host.clientWidth >= 1_000;
  let wide = filtersOpen;
  new ResizeObserver(() => {
    const now = host.clientWidth >= 1_000;
    if (now !== wide) filtersOpen = wide = now;
    layout();
  }).observe(host);
  if (had) search.focus();

  host.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (narrow() && filtersOpen) {
      drawer(false);
      filterButton.focus();
    } else app.close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = document.activeElement;
    if (at instanceof HTMLElement && at !== search && (at.isContentEditable || /^(textarea|select)$/i.test(at.tagName) || (at instanceof HTMLInputElement && !/^(checkbox|range)$/.test(at.type)))) return;
    if (!host.contains(at) && at !== document.body) return;
    if (at === search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  let mounted = false;
  let silence = 0;
  return {
    search,
    get theme() {
      return theme;
    },
    say(text, failed) {
      clearTimeout(silence);
      told.textContent = text;
      told.classList.toggle("kg-failed", failed);
      silence = window.setTimeout(() => (told.textContent = ""), failed ? 15_000 : 6_000);
    },
    counts(text) {
      counted.textContent = text;
      const known = heading.textContent;
      if (!known && app.title) fill(heading, h("bdi", { text: app.title }));
    },
    show(view) {
      host.dataset.view = view;
      for (const button of switches.children) button.setAttribute("aria-pressed", String((button as HTMLElement).dataset.view === view));
      map.element.hidden = zoom.hidden = view !== "map" || !map.works || !app.core;
      table.element.hidden = view !== "table";
      query.hidden = view !== "query";
      if (view === "query" && !mounted) {
        mounted = true;
        app.mountAsk(query);
      }
      layout();
    },
    layout,
    drawer,
    welcome(on, text) {
      note.hidden = !on;
      fill(note, on && h("p", { text }));
      map.element.hidden = zoom.hidden = on || !map.works || host.dataset.view !== "map";
      if (on && document.activeElement === document.body) search.focus();
    },
  };
}

function storedTheme(): Theme | null {
  try {
    const kept = localStorage.getItem("kg-theme");
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null;
  }
}

function exportMenu(app: Explorer): HTMLElement {
  const save = (name: string, type: string, text: string) => {
    download(name, new Blob([text], { type: `${type};charset=utf-8` }));
    app.say(`Saved ${name}`);
  };
  const choices: [string, string, () => void][] = [
    [
      "PNG",
      "picture of the view",
      () =>
        app.map.snapshot().toBlob((blob) => {
          if (!blob) return app.say("The picture could not be made", true);
          download("graph.png", blob);
          app.say("Saved graph.png");
        }),
    ],
    ["SVG", "drawing of the view", () => save("graph.svg", "image/svg+xml", drawing(app.core, app.visible, app.map, app.frame.theme))],
    ["CSV", "nodes", () => save("nodes.csv", "text/csv", nodesCsv(app.core, app.visible))],
    ["CSV", "links", () => save("links.csv", "text/csv", linksCsv(app.core, app.visible))],
    ["JSON", "nodes and links", () => save("graph.json", "application/json", graphJson(app.core, app.visible))],
    [
      "BibTeX",
      "papers behind it",
      async () => {
        const { core, visible } = app;
        const links = Array.from(visible.links.keys()).filter((link) => visible.links[link]);
        const nodes = Array.from(visible.nodes.keys()).filter((node) => visible.nodes[node]);
        const papers = await app.ask(() => app.source.papers(core, links, nodes, (share) => app.say(`Reading the evidence: ${Math.round(100 * share)} %`)));
        if (!papers) return;
        save("papers.bib", "application/x-bibtex", bibtex(papers));
        app.say(`Saved papers.bib with ${count(papers.length, "paper")}`);
      },
    ],
  ];
  const menu = h("div", { class: "kg-menu", hidden: true, role: "group", "aria-label": "Export what is visible" });
  for (const [format, what, act] of choices) {
    const button = h("button", { type: "button", "data-export": `${format} ${what}` }, h("strong", { text: format }), h("span", { class: "kg-muted", text: what }));
    button.addEventListener("click", () => app.core && act());
    menu.append(button);
  }
  return menu;
}

