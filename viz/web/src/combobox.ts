/** A field with suggestions (the combobox pattern of ARIA 1.2): arrows and Enter, or the pointer. */

import { bdi, fill, h } from "./dom";
import { kindIcon } from "./looks";
import type { Hit } from "./search";
import { count, line } from "./text";

let serial = 0;

export class Combobox {
  readonly list: HTMLElement;
  private hits: Hit[] = [];
  private active = -1;
  private asked = 0;
  private timer = 0;

  /** Bind to an input; `find` may take its time, `wait` ms pass after typing before it is asked. */
  constructor(
    readonly input: HTMLInputElement,
    private readonly options: {
      find: (question: string) => Promise<Hit[]>;
      choose: (hit: Hit) => void;
      say: (text: string) => void;
      wait: number;
    },
  ) {
    const id = `kg-list-${++serial}`;
    this.list = h("ul", { class: "kg-list", role: "listbox", id, "aria-label": "Suggestions", hidden: true });
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": id,
      autocomplete: "off",
      spellcheck: "false",
    })) {
      input.setAttribute(name, value);
    }
    input.after(this.list);
    input.addEventListener("input", () => this.typed());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("focus", () => this.hits.length && input.value && this.open());
    input.addEventListener("blur", () => this.close());
    // The field keeps the focus while a suggestion is pressed.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = (event.target as Element).closest("[role=option]");
      if (row) this.take([...this.list.children].indexOf(row));
    });
  }

  /** Ask again, as if it had just been typed. */
  typed(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), this.options.wait);
  }

  clear(): void {
    this.input.value = "";
    this.hits = [];
    this.close();
  }

  private async ask(): Promise<void> {
    const turn = ++this.asked;
    const question = this.input.value.trim();
    const hits = question ? await this.options.find(question) : [];
    if (turn !== this.asked) return;
    this.hits = hits;
    this.active = hits.length ? 0 : -1;
    if (!question) return this.close();
    fill(
      this.list,
      ...hits.map((hit, row) =>
        h(
          "li",
          { role: "option", id: `${this.list.id}-${row}`, class: "kg-option" },
          kindIcon(hit.kind),
          h(
            "span",
            { class: "kg-option-name" },
            bdi(line(hit.name, 120)),
            hit.alias ? h("span", { class: "kg-muted kg-alias" }, "also ", bdi(line(hit.alias, 80))) : null,
          ),
          h("span", { class: "kg-muted kg-option-facts", text: hit.papers ? `${line(hit.kind, 20)} · ${count(hit.papers, "paper")}` : line(hit.kind, 20) }),
        ),
      ),
    );
    if (!hits.length) this.list.append(h("li", { class: "kg-none kg-muted", role: "option", "aria-disabled": "true", text: "No name like that" }));
    this.open();
    this.options.say(hits.length ? count(hits.length, "suggestion") : "No name like that");
  }

  private open(): void {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  close(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  private mark(): void {
    [...this.list.children].forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) row.scrollIntoView({ block: "nearest" });
    });
    if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  private key(event: KeyboardEvent): void {
    const open = !this.list.hidden;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.hits.length) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (open) this.active = (this.active + step + this.hits.length) % this.hits.length;
      this.open();
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(this.timer);
      // What was typed last counts, even if its suggestions have not come yet.
      if (open && this.active > 0) this.take(this.active);
      else void this.ask().then(() => this.take(this.active));
    } else if (event.key === "Escape" && (open || this.input.value)) {
      if (open) this.close();
      else this.clear();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Tab") this.close();
  }

  private take(row: number): void {
    const hit = this.hits[row];
    if (!hit) return;
    this.clear();
    this.options.choose(hit);
  }
}
