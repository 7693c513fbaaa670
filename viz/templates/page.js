// Draws the page's graph. Every text goes in by textContent or onto the canvas, never as markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const box = document.getElementById("graph");
  const hover = document.getElementById("hover");
  const panel = document.getElementById("panel");
  const PAPERS_ON_HOVER = 3, ROWS = 25;

  function element(tag, properties, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name === "class") made.className = value;
      else if (name === "text") made.textContent = value;
      else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  // Legend ------------------------------------------------------------------------------------------------------
  const NS = "http://www.w3.org/2000/svg";
  const POINTS = {
    square: "3,3 13,3 13,13 3,13", diamond: "8,1.5 14.5,8 8,14.5 1.5,8", triangle: "8,2 14.5,13.5 1.5,13.5",
    triangleDown: "1.5,2.5 14.5,2.5 8,14", hexagon: "4.5,2 11.5,2 15,8 11.5,14 4.5,14 1,8",
    star: "8,1 10,6 15,6.2 11,9.5 12.5,14.5 8,11.6 3.5,14.5 5,9.5 1,6.2 6,6",
  };
  function drawing(width, tag, attributes) {
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("width", width);
    svg.setAttribute("height", 16);
    svg.setAttribute("viewBox", `0 0 ${width} 16`);
    svg.setAttribute("aria-hidden", "true");
    const shape = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
    return svg;
  }
  const looks = new Map(data.kinds.map(([kind, shape, colour]) => [kind, [shape, colour]]));
  function symbol(kind) {
    const [shape, colour] = looks.get(kind);
    return shape === "dot" ? drawing(16, "circle", { cx: 8, cy: 8, r: 6, fill: colour })
      : drawing(16, "polygon", { points: POINTS[shape], fill: colour });
  }
  function line(colour, dashed) {
    const attributes = { x1: 1, y1: 8, x2: 23, y2: 8, stroke: colour, "stroke-width": 2.5 };
    if (dashed) attributes["stroke-dasharray"] = "5 3";
    return drawing(24, "line", attributes);
  }
  const legend = document.getElementById("legend");
  for (const [kind] of data.kinds) legend.append(element("span", { "data-kind": kind }, symbol(kind), kind));
  if (data.relations.length) legend.append(element("span", { class: "gap" }));
  for (const [words, colour, dashed] of data.relations) {
    legend.append(element("span", { "data-relation": words }, line(colour, dashed), words));
  }

  // Graph -------------------------------------------------------------------------------------------------------
  const isTall = () => box.clientWidth < box.clientHeight * 1.1;
  let tall = isTall();
  const places = data.nodes.map((node) => ({ wide: [node.x, node.y], tall: node.tall }));
  const place = (id) => places[id][tall ? "tall" : "wide"];
  const nodes = new vis.DataSet(data.nodes.map((node) => {
    const [x, y] = place(node.id);
    return { ...node, x, y };
  }));
  const edges = new vis.DataSet(data.edges);
  const network = new vis.Network(box, { nodes, edges }, data.options);
  const around = data.nodes.map(() => []);
  data.edges.forEach((edge) => {
    around[edge.from].push(edge.id);
    if (edge.to !== edge.from) around[edge.to].push(edge.id);
  });

  let theme;
  let selected = null;
  function mix(colour, alpha, pale = 0) {
    const part = (at) => {
      const value = parseInt(colour.slice(at, at + 2), 16);
      return Math.round(value + (255 - value) * pale);
    };
    return `rgba(${part(1)},${part(3)},${part(5)},${alpha})`;
  }
  function paint() {
    const css = getComputedStyle(document.documentElement);
    const [ink, back] = [css.getPropertyValue("--ink").trim(), css.getPropertyValue("--back").trim()];
    let litNodes = null, litEdges = null;
    if (selected) {
      litEdges = new Set(selected.edge === undefined ? around[selected.node] : [selected.edge]);
      litNodes = new Set(selected.node === undefined ? [] : [selected.node]);
      litEdges.forEach((id) => litNodes.add(data.edges[id].from).add(data.edges[id].to));
    }
    const dark = theme === "dark";
    const base = (data.edges.length > 250 ? 0.45 : data.edges.length > 60 ? 0.55 : 0.8) + (dark ? 0.15 : 0);
    const pale = dark ? 0.3 : 0;
    nodes.update(data.nodes.map((node) => {
      const lit = !litNodes || litNodes.has(node.id);
      const colour = lit ? node.color : mix(node.color, 0.18);
      return {
        id: node.id,
        color: { background: colour, border: lit ? back : mix(back, 0), highlight: { background: colour, border: ink },
          hover: { background: colour, border: ink } },
        font: { ...node.font, color: lit ? ink : mix(ink, 0.22), strokeWidth: lit ? 4 : 0, strokeColor: back },
      };
    }));
    edges.update(data.edges.map((edge) => {
      const lit = !litEdges || litEdges.has(edge.id);
      const strong = mix(edge.color, 1, pale);
      return {
        id: edge.id,
        color: { color: mix(edge.color, lit ? (litEdges ? 0.95 : base) : 0.08, pale), highlight: strong, hover: strong },
        font: { color: lit ? mix(ink, 0.75) : mix(ink, 0), strokeWidth: lit ? 3 : 0, strokeColor: back },
      };
    }));
  }
  function setTheme(name) {
    theme = name;
    document.documentElement.dataset.theme = name;
    paint();
  }
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(prefersDark.matches ? "dark" : "light");
  prefersDark.addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
  document.getElementById("theme").addEventListener("click", () => setTheme(theme === "dark" ? "light" : "dark"));

  function fit() {
    // As network.fit, which leaves a tenth of the window empty.
    const boxes = data.nodes.map((node) => network.getBoundingBox(node.id));
    if (!boxes.length) return;
    const below = Math.max(...data.nodes.map((node) => node.font.size)) / 3;
    const [left, top] = [Math.min(...boxes.map((b) => b.left)), Math.min(...boxes.map((b) => b.top))];
    const [right, bottom] = [Math.max(...boxes.map((b) => b.right)), Math.max(...boxes.map((b) => b.bottom)) + below];
    const scale = Math.min((box.clientWidth - 24) / (right - left), (box.clientHeight - 16) / (bottom - top), 1.2);
    network.moveTo({ position: { x: (left + right) / 2, y: (top + bottom) / 2 }, scale: Math.max(scale, 0.02), animation: false });
  }
  document.getElementById("fit").addEventListener("click", fit);
  let width = box.clientWidth, height = box.clientHeight;
  new ResizeObserver(() => {
    if (box.clientWidth === width && box.clientHeight === height) return;
    [width, height] = [box.clientWidth, box.clientHeight];
    if (isTall() !== tall && !data.options.physics.enabled) {
      tall = !tall;
      nodes.update(data.nodes.map((node) => ({ id: node.id, x: place(node.id)[0], y: place(node.id)[1] })));
    }
    requestAnimationFrame(fit);
  }).observe(box);
  fit();
  // The sizes of labels are known only after they were drawn.
  network.once("afterDrawing", () => requestAnimationFrame(fit));

  // Words -------------------------------------------------------------------------------------------------------
  const named = (text) => element("span", { class: "name", dir: "auto", text });
  function sentence(pieces) {
    return pieces.map((piece, at) => (at % 2 ? element("mark", { text: piece }) : document.createTextNode(piece)));
  }
  function quote([paper, pieces]) {
    const [title, year, url] = data.papers[paper];
    const link = url ? element("a", { href: url, target: "_blank", rel: "noopener noreferrer", text: title })
      : document.createTextNode(title);
    const footer = element("footer", { dir: "auto" }, link);
    if (year !== null) footer.append(` (${year})`);
    const said = element("p", { dir: "auto" });
    said.append(...sentence(pieces));
    return element("blockquote", null, said, footer);
  }
  function triple(edge) {
    return [named(data.about[edge.from].name), element("span", { class: "soft", text: ` ${data.links[edge.id].relation} ` }),
      named(data.about[edge.to].name)];
  }
  const short = (facts) => facts.filter(([name]) => name === "Support" || name.startsWith("Year") || name === "Venue")
    .map(([, value]) => value).join(" · ");

  // Hover -------------------------------------------------------------------------------------------------------
  function showHover(event, ...content) {
    hover.replaceChildren(...content);
    hover.hidden = false;
    const at = event.pointer ? event.pointer.DOM : { x: event.offsetX, y: event.offsetY };
    const left = Math.min(at.x + 16, box.clientWidth - hover.offsetWidth - 8);
    const below = at.y + 18 + hover.offsetHeight < box.clientHeight;
    hover.style.left = `${Math.max(8, left)}px`;
    hover.style.top = `${Math.max(8, below ? at.y + 18 : at.y - hover.offsetHeight - 12)}px`;
  }
  network.on("hoverNode", (event) => {
    const about = data.about[event.node];
    const what = [about.kind, short(about.facts)].filter(Boolean).join(" · ");
    box.style.cursor = "pointer";
    showHover(event, named(about.name), element("p", { class: "soft", text: what }));
  });
  network.on("hoverEdge", (event) => {
    const edge = data.edges[event.edge], link = data.links[event.edge];
    const quotes = link.evidence.slice(0, PAPERS_ON_HOVER).map(quote);
    const rest = link.evidence.length - quotes.length;
    if (rest > 0) quotes.push(element("p", { class: "soft", text: `and ${rest} more: click the link` }));
    box.style.cursor = "pointer";
    showHover(event, element("p", null, ...triple(edge)), element("p", { class: "soft", text: short(link.facts) }), ...quotes);
  });
  const hideHover = () => { hover.hidden = true; box.style.cursor = ""; };
  for (const name of ["blurNode", "blurEdge", "dragStart", "zoom"]) network.on(name, hideHover);
  box.addEventListener("pointerleave", hideHover);

  // Panel -------------------------------------------------------------------------------------------------------
  function open(...content) {
    const close = element("button", { class: "close", type: "button", "aria-label": "Close", text: "×", onclick: shut });
    panel.replaceChildren(close, ...content);
    panel.hidden = false;
    panel.scrollTop = 0;
    hideHover();
    paint();
    const heading = panel.querySelector("h2");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  function shut() {
    if (panel.hidden) return;
    panel.hidden = true;
    panel.replaceChildren();
    selected = null;
    network.unselectAll();
    paint();
  }
  function facts(list) {
    const made = element("dl");
    for (const [name, value] of list) made.append(element("dt", { text: name }), element("dd", { dir: "auto", text: value }));
    return made;
  }
  function uncover(id) {
    // The panel lies over the picture: bring what was chosen out from under it.
    const at = network.canvasToDOM(network.getPosition(id));
    const wide = panel.offsetWidth < box.clientWidth;
    const right = wide ? box.clientWidth - panel.offsetWidth : box.clientWidth;
    const bottom = wide ? box.clientHeight : box.clientHeight - panel.offsetHeight;
    if (at.x > 0 && at.x < right - 30 && at.y > 0 && at.y < bottom - 30) return;
    const view = network.getViewPosition(), scale = network.getScale(), margin = 100;
    const shift = (value, most) => value
      - Math.min(Math.max(value, Math.min(margin, most / 2)), Math.max(most - margin, most / 2));
    network.moveTo({ animation: false,
      position: { x: view.x + shift(at.x, right) / scale, y: view.y + shift(at.y, bottom) / scale } });
  }
  function openNode(id) {
    selected = { node: id };
    network.selectNodes([id]);
    const about = data.about[id];
    const groups = new Map();
    for (const at of around[id]) {
      const edge = data.edges[at], out = edge.from === id;
      const words = data.links[at].relation;
      const title = out ? words : `${words} (from)`;
      if (!groups.has(title)) groups.set(title, []);
      groups.get(title).push([at, out ? edge.to : edge.from, edge.width]);
    }
    const content = [element("h2", { dir: "auto", text: about.name }),
      element("p", { class: "kind" }, symbol(about.kind), about.kind), facts(about.facts)];
    if (about.url) {
      content.push(element("p", null, element("a", { href: about.url, target: "_blank", rel: "noopener noreferrer", text: about.url })));
    }
    if (about.text) content.push(element("p", { dir: "auto", text: about.text }));
    for (const [title, members] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      members.sort((a, b) => b[2] - a[2] || a[0] - b[0]);
      const list = element("ul");
      const rows = members.map(([at, far]) => {
        const support = data.links[at].facts.filter(([name]) => name === "Support").map(([, value]) => value).join("");
        return element("li", null, element("button", { class: "row", type: "button", onclick: () => openEdge(at, id) },
          symbol(data.about[far].kind), named(data.about[far].name), element("span", { class: "soft", text: support })));
      });
      list.append(...rows.slice(0, ROWS));
      content.push(element("h3", { text: title }), list);
      if (rows.length > ROWS) {
        const more = element("button", { type: "button", text: `${rows.length - ROWS} more`,
          onclick: () => { list.append(...rows.slice(ROWS)); more.remove(); } });
        content.push(more);
      }
    }
    open(...content);
    uncover(id);
  }
  function openEdge(id, from) {
    selected = { edge: id };
    network.unselectAll();
    network.selectEdges([id]);
    const edge = data.edges[id], link = data.links[id];
    const ends = [edge.from, edge.to].map((end) => element("li", null,
      element("button", { class: "row", type: "button", onclick: () => openNode(end) },
        symbol(data.about[end].kind), named(data.about[end].name), element("span", { class: "soft", text: data.about[end].kind }))));
    const content = [element("h2", null, ...triple(edge)), facts(link.facts), element("ul", null, ...ends)];
    content.push(element("h3", { text: link.evidence.length ? "What the papers say" : "No sentence: this link follows from the names" }));
    content.push(...link.evidence.map(quote));
    open(...content);
    uncover(from === undefined ? edge.from : from);
  }
  network.on("click", (event) => {
    if (event.nodes.length) openNode(event.nodes[0]);
    else if (event.edges.length) openEdge(event.edges[0]);
    else shut();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { hideHover(); shut(); }
  });

  // For the tests, and for whoever opens the console.
  window.kgView = { network, data, openNode, openEdge };
  box.dataset.drawn = "true";
})();
