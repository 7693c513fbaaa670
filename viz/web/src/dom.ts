/** Elements made without markup: every string becomes text. */

type Child = Node | string | null | undefined | false;

interface Props {
  class?: string;
  text?: string;
  on?: { [event: string]: (event: never) => void };
  [attribute: string]: unknown;
}

/** Make an element: `class`, `text`, `on` (listeners); all else is an attribute (true: empty, false: absent). */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false || value === null) continue;
    if (name === "class") element.className = String(value);
    else if (name === "text") element.textContent = String(value);
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value as object)) element.addEventListener(event, listener);
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an element of a drawing. */
export function svg(tag: string, attributes: Record<string, string | number> = {}, ...children: Element[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Make an icon from a path in a 16 x 16 box, drawn as a line. */
export function icon(path: string): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "kg-icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: path }),
  );
}

/** Put a name into an element of its own, so that its direction of writing stays inside. */
export function bdi(text: string, className = ""): HTMLElement {
  return className ? h("bdi", { text, class: className }) : h("bdi", { text });
}

/** Replace what an element holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

function append(element: Element, children: Child[]): void {
  for (const child of children) if (child) element.append(child);
}

/** Give a file to the person, by a Blob: no request is made. */
export function download(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
