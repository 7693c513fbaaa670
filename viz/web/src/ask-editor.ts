/** A box to write Cypher in: coloured, completed as one types, run by Ctrl and Enter. */

import { type Completion, type Option, complete, tokens, type Words } from "./ask-complete";
import { fill, h } from "./dom";
import { line } from "./text";

export interface EditorOptions {
  words: Words;
  /** Give the names in the graph that begin like this. */
  names: (typed: string) => Promise<string[]>;
  run: () => void;
  changed: () => void;
  say: (text: string) => void;
}

const WAIT = 120;
let serial = 0;

export class Editor {
  readonly element: HTMLElement;
  readonly area: HTMLTextAreaElement;
  private readonly shade: HTMLElement;
  private readonly list: HTMLElement;
  private completion: Completion | null = null;
  private active = 0;
  private turn = 0;

  constructor(private readonly options: EditorOptions) {
    const id = `kg-ask-list-${++serial}`;
    this.area = h("textarea", {
      class: "kg-ask-area",
      rows: 4,
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
      wrap: "soft",
      "aria-label": "Cypher query",
      "aria-autocomplete": "list",
      "aria-controls": id,
      "aria-describedby": `${id}-help`,
    });
    this.shade = h("pre", { class: "kg-ask-shade", "aria-hidden": "true" });
    this.list = h("ul", { class: "kg-ask-options", role: "listbox", id, "aria-label": "Completions", hidden: true });
    this.element = h("div", { class: "kg-ask-editor" }, this.shade, this.area, this.list);
    this.area.addEventListener("input", () => this.typed());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("scroll", () => this.follow());
    this.area.addEventListener("blur", () => this.close());
    this.area.addEventListener("click", () => this.close());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = (event.target as Element).closest("[role=option]");
      if (row) this.take([...this.list.children].indexOf(row));
    });
    this.paint();
  }

  get value(): string {
    return this.area.value;
  }

  set value(text: string) {
    this.area.value = text;
    this.close();
    this.paint();
    this.options.changed();
  }

  /** Put the cursor where a message points: line and column from 1. */
  go(row: number, column: number): void {
    const lines = this.value.split("\n").slice(0, row - 1);
    const at = lines.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    this.area.focus();
    this.area.setSelectionRange(at, at);
  }

  private typed(): void {
    this.paint();
    this.options.changed();
    void this.suggest(false);
  }

  /** Colour the text, in a layer below the letters that are typed. */
  private paint(): void {
    fill(
      this.shade,
      ...tokens(this.value, this.options.words).map((token) =>
        token.sort === "other" || token.sort === "word"
          ? document.createTextNode(token.text)
          : h("span", { class: `kg-ask-${token.sort}`, text: token.text }),
      ),
      // A last empty line has no height in a block of text, but has in the field.
      "\n",
    );
    this.area.style.height = "auto";
    this.area.style.height = `${this.area.scrollHeight + 2}px`;
    this.follow();
  }

  private follow(): void {
    this.shade.scrollTop = this.area.scrollTop;
    this.shade.scrollLeft = this.area.scrollLeft;
  }

  private async suggest(asked: boolean): Promise<void> {
    const turn = ++this.turn;
    const cursor = this.area.selectionStart;
    if (cursor !== this.area.selectionEnd) return this.close();
    const found = complete(this.value, cursor, this.options.words, asked);
    if (found?.name) {
      const { quote } = found.name;
      if (!found.typed.trim() && !asked) return this.close();
      await new Promise((done) => setTimeout(done, WAIT));
      if (turn !== this.turn) return;
      const names = await this.options.names(found.typed).catch(() => []);
      found.options = names.map((name) => ({ text: quoted(name, quote), about: "name" }));
    }
    if (turn !== this.turn) return;
    this.completion = found?.options.length ? found : null;
    this.active = 0;
    this.show();
  }

  private show(): void {
    const { completion } = this;
    if (!completion) return this.close();
    fill(
      this.list,
      ...completion.options.map((option, row) =>
        h(
          "li",
          { role: "option", id: `${this.list.id}-${row}`, class: "kg-ask-option" },
          h("bdi", { text: line(option.text, 80) }),
          h("span", { class: "kg-ask-about", text: option.about }),
        ),
      ),
    );
    this.list.hidden = false;
    const caret = this.caret(completion.from);
    const room = this.element.clientWidth - this.list.offsetWidth;
    this.list.style.left = `${Math.max(0, Math.min(caret.x, room))}px`;
    this.list.style.top = `${caret.y}px`;
    this.mark();
    this.options.say(`${completion.options.length} completions`);
  }

  /** Where the letter at `place` stands in the box: the layer of colours is laid out as the field is. */
  private caret(place: number): { x: number; y: number } {
    const walker = document.createTreeWalker(this.shade, NodeFilter.SHOW_TEXT);
    let left = place;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const { length } = node as Text;
      if (left <= length) {
        const range = document.createRange();
        range.setStart(node, left);
        range.setEnd(node, Math.min(left + 1, length));
        const rows = range.getClientRects();
        const box = rows[rows.length - 1];
        const own = this.element.getBoundingClientRect();
        if (box) return { x: box.left - own.left, y: box.bottom - own.top + 4 };
      }
      left -= length;
    }
    return { x: 0, y: this.element.clientHeight };
  }

  private mark(): void {
    [...this.list.children].forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) row.scrollIntoView({ block: "nearest" });
    });
    this.area.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
  }

  private close(): void {
    this.turn++;
    this.completion = null;
    this.list.hidden = true;
    this.area.removeAttribute("aria-activedescendant");
  }

  private key(event: KeyboardEvent): void {
    const { completion } = this;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.close();
      this.options.run();
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      void this.suggest(true);
    } else if (completion && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const count = completion.options.length;
      this.active = (this.active + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
      this.mark();
      event.preventDefault();
    } else if (completion && (event.key === "Enter" || event.key === "Tab") && !event.shiftKey) {
      this.take(this.active);
      event.preventDefault();
    } else if (completion && event.key === "Escape") {
      this.close();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") this.close();
  }

  private take(row: number): void {
    const { completion } = this;
    const option = completion?.options[row];
    if (!completion || !option) return;
    const text = completed(option, completion, this.value);
    this.area.setRangeText(text, completion.from, completion.from + completion.typed.length, "end");
    if (option.back) {
      const at = this.area.selectionStart - option.back;
      this.area.setSelectionRange(at, at);
    }
    this.close();
    this.paint();
    this.options.changed();
    this.area.focus();
  }
}

function quoted(name: string, quote: string): string {
  return name.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`);
}

/** The text to write: a name also closes its quote, where that is still open. */
function completed(option: Option, completion: Completion, text: string): string {
  if (!completion.name) return option.text;
  const end = completion.from + completion.typed.length;
  return text[end] === completion.name.quote ? option.text : option.text + completion.name.quote;
}
