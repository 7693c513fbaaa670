/** The page that asks: questions that have a name as forms, Cypher in a box, answers as a table or on the map. */

import "./ask.css";
import { type Answer, showAnswer } from "./ask-answer";
import { parameters, type Words } from "./ask-complete";
import { Editor } from "./ask-editor";
import { Combobox } from "./combobox";
import { bdi, fill, h } from "./dom";
import type { Hit } from "./search";
import { line, words as asWords } from "./text";

interface Parameter {
  name: string;
  type: string;
  required: boolean;
  default: unknown;
  example: unknown;
}

interface Question {
  name: string;
  summary: string;
  cypher: string;
  parameters: Parameter[];
}

interface Asked {
  cypher?: string;
  name?: string;
  parameters: Record<string, unknown>;
  limit: number;
}

const NODES = new Set(["Method", "Dataset", "Task", "Entity", "Author", "Paper"]);
const LIMITS = [100, 1000, 10_000];
const KEPT = "kg-ask-cypher";
const EXAMPLES: [string, string][] = [
  ["Methods in most papers", "MATCH (m:Method)\nRETURN m, m.papers AS papers, m.first_year AS since\nORDER BY papers DESC LIMIT 25"],
  [
    "What is evaluated where",
    "MATCH (m:Method)-[r:EVALUATED_ON]->(d:Dataset)\nRETURN m AS method, d AS dataset, r.papers AS papers\nORDER BY papers DESC LIMIT 50",
  ],
  ["How methods build on each other", "MATCH path = (a:Method)-[:BASED_ON]->(b:Method)-[:BASED_ON]->(c:Method)\nRETURN path LIMIT 20"],
  ["Papers by year", "MATCH (p:Paper) WHERE p.year IS NOT NULL\nRETURN p.year AS year, count(*) AS papers\nORDER BY year"],
];
let serial = 0;

/** Fill `host` with the page that asks the app at `api`; `showNodes` takes nodes of an answer to the map. */
export function mountAsk(host: HTMLElement, api: string, showNodes: (ids: string[]) => void): void {
  fill(host, h("p", { class: "kg-ask-empty", text: "Reading the questions …" }));
  Promise.all([get<{ queries: Question[] }>(`${api}/queries`), get<Words>(`${api}/completions`)])
    .then(([{ queries }, words]) => new Page(host, api, showNodes, queries, words))
    .catch((error: unknown) => fill(host, h("p", { class: "kg-ask-wrong", role: "alert", text: said(error) })));
}

class Page {
  private readonly live = h("p", { class: "kg-ask-live", role: "status", "aria-live": "polite" });
  private readonly answer = h("div", { class: "kg-ask-answer" });
  private readonly form = h("form", { class: "kg-ask-form", novalidate: true, autocomplete: "off" });
  private readonly run = h("button", { type: "submit", class: "kg-ask-run", text: "Run" });
  private readonly stop = h("button", { type: "button", class: "kg-ask-button", text: "Stop", hidden: true });
  private readonly limit = h("select", { class: "kg-ask-limit", "aria-label": "Rows at most" });
  private readonly menu = h("ul", { class: "kg-ask-questions" });
  private readonly editor: Editor;
  private readonly values = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private question: Question | null = null;
  private fields: HTMLElement = h("div");
  private running: AbortController | null = null;

  constructor(
    host: HTMLElement,
    private readonly api: string,
    private readonly showNodes: (ids: string[]) => void,
    private readonly questions: Question[],
    private readonly words: Words,
  ) {
    for (const rows of LIMITS) this.limit.append(h("option", { value: rows, text: `${rows.toLocaleString("en")} rows`, selected: rows === 1000 }));
    this.editor = new Editor({
      words,
      names: async (typed) => [...new Set((await this.search(typed, "", 12)).map((hit) => hit.name))],
      run: () => this.form.requestSubmit(),
      changed: () => this.edited(),
      say: (text) => this.say(text),
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.ask();
    });
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) this.form.requestSubmit();
    });
    this.stop.addEventListener("click", () => this.running?.abort());
    const filter = h("input", { type: "search", class: "kg-ask-filter", placeholder: "Filter questions", "aria-label": "Filter questions" });
    filter.addEventListener("input", () => this.list(filter.value));
    fill(
      host,
      h(
        "div",
        { class: "kg-ask" },
        h("nav", { class: "kg-ask-side", "aria-label": "Questions" }, filter, this.menu),
        h("section", { class: "kg-ask-main", "aria-label": "Query" }, this.form, this.answer, this.live),
      ),
    );
    this.list("");
    this.choose(null);
  }

  private say(text: string): void {
    this.live.textContent = text;
  }

  /** List the questions that have all the words typed. */
  private list(typed: string): void {
    const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.questions.filter((question) => wanted.every((word) => `${question.name} ${question.summary}`.toLowerCase().includes(word)));
    const row = (question: Question | null, title: string, name: string): HTMLElement => {
      const button = h("button", { type: "button", class: "kg-ask-question" }, h("span", { text: title }), name ? h("span", { class: "kg-ask-about", text: name }) : null);
      if (question === this.question) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => {
        this.choose(question);
        this.list(typed);
      });
      return h("li", {}, button);
    };
    fill(this.menu, row(null, "Write Cypher", ""), ...found.map((question) => row(question, question.summary, question.name)));
    if (!found.length) this.menu.append(h("li", { class: "kg-ask-empty", text: "No question like that" }));
  }

  private choose(question: Question | null): void {
    this.running?.abort();
    this.question = question;
    this.values.clear();
    fill(this.answer);
    this.say("");
    this.fields = h("div", { class: "kg-ask-fields" });
    const actions = h("div", { class: "kg-ask-actions" }, this.run, this.stop, this.limit);
    this.limit.hidden = false;
    if (!question) {
      const help = h(
        "p",
        { class: "kg-ask-help", id: `${this.editor.area.getAttribute("aria-controls")}-help` },
        "Read-only. Completes as you type (",
        h("kbd", { text: "Ctrl" }),
        " ",
        h("kbd", { text: "Space" }),
        " asks for it); ",
        h("kbd", { text: "Ctrl" }),
        " ",
        h("kbd", { text: "Enter" }),
        " runs.",
      );
      fill(this.form, h("h2", { class: "kg-ask-title", text: "Ask in Cypher" }), help, this.editor.element, this.fields, actions);
      this.editor.value ||= kept() || EXAMPLES[0]![1];
      this.edited();
      this.begin();
      this.editor.area.focus();
      return;
    }
    for (const parameter of question.parameters) this.fields.append(this.field(parameter));
    // A question that limits its rows itself needs no second limit.
    this.limit.hidden = question.parameters.some((parameter) => parameter.name === "limit");
    const edit = h("button", { type: "button", class: "kg-ask-button", text: "Edit as Cypher" });
    edit.addEventListener("click", () => this.rewrite(question));
    actions.append(edit);
    fill(this.form, h("h2", { class: "kg-ask-title", text: question.summary }), this.fields, actions);
    const first = this.form.querySelector<HTMLElement>("input, select") ?? this.run;
    first.focus();
    if (question.parameters.every((parameter) => !parameter.required)) void this.ask();
  }

  /** What stands where the answer will be: examples to start from. */
  private begin(): void {
    const list = h("div", { class: "kg-ask-examples" }, h("h3", { text: "To start from" }));
    for (const [title, cypher] of EXAMPLES) {
      const button = h("button", { type: "button", class: "kg-ask-example" }, h("span", { text: title }), h("code", { text: cypher }));
      button.addEventListener("click", () => {
        this.editor.value = cypher;
        void this.ask();
      });
      list.append(button);
    }
    fill(this.answer, list);
  }

  /** A field for a parameter; what names a node is completed from the graph. */
  private field(parameter: Parameter): HTMLElement {
    const id = `kg-ask-field-${++serial}`;
    const start = parameter.default === null || parameter.default === undefined ? "" : String(parameter.default);
    const label = h("label", { for: id }, asWords(parameter.name), parameter.required ? null : h("span", { class: "kg-ask-about", text: " optional" }));
    if (parameter.type === "bool") {
      const choice = h("select", { id }, ...["true", "false"].map((value) => h("option", { value, text: value, selected: value === start })));
      this.values.set(parameter.name, choice);
      return h("div", { class: "kg-ask-field" }, label, choice);
    }
    const number = parameter.type === "int" || parameter.type === "float";
    const input = h("input", {
      id,
      type: "text",
      inputmode: number ? "decimal" : "text",
      class: number ? "kg-ask-short" : "",
      value: start,
      placeholder: parameter.example === null || parameter.example === undefined ? "" : line(String(parameter.example), 60),
      "aria-required": parameter.required ? "true" : undefined,
    });
    this.values.set(parameter.name, input);
    const field = h("div", { class: `kg-ask-field${number ? " kg-ask-narrow" : ""}` }, label, h("div", { class: "kg-ask-with" }, input));
    if (NODES.has(parameter.type)) {
      new Combobox(input, {
        find: (typed) => this.search(typed, parameter.type, 8),
        choose: (hit) => {
          input.value = hit.name;
        },
        say: (text) => this.say(text),
        wait: 100,
      });
    }
    return field;
  }

  /** After each change of the Cypher: a field for each parameter that it names. */
  private edited(): void {
    if (this.question) return;
    keep(this.editor.value);
    const wanted = parameters(this.editor.value, this.words);
    for (const name of wanted) {
      if (!this.values.has(name)) {
        this.fields.append(this.field({ name, type: "str", required: true, default: null, example: 'text, 12, true or ["a list"]' }));
        this.fields.lastElementChild!.setAttribute("data-name", name);
      }
    }
    for (const name of [...this.values.keys()]) {
      if (!wanted.includes(name)) {
        this.values.delete(name);
        for (const field of [...this.fields.children]) if (field.getAttribute("data-name") === name) field.remove();
      }
    }
  }

  /** Take a named question to the Cypher box, with the values given. */
  private rewrite(question: Question): void {
    const given = new Map([...this.values].map(([name, field]) => [name, field.value]));
    this.question = null;
    this.editor.value = question.cypher;
    this.choose(null);
    this.list("");
    for (const [name, field] of this.values) field.value = given.get(name) ?? "";
  }

  private asked(): Asked | null {
    const values: Record<string, unknown> = {};
    for (const [name, field] of this.values) {
      const text = field.value.trim();
      const parameter = this.question?.parameters.find((known) => known.name === name);
      field.removeAttribute("aria-invalid");
      if (parameter && !text) {
        if (!parameter.required) continue;
        field.setAttribute("aria-invalid", "true");
        field.focus();
        this.wrong(`${asWords(name)} is needed${parameter.example ? `, such as ${line(String(parameter.example), 60)}` : ""}`);
        return null;
      }
      values[name] = parameter ? text : read(text);
    }
    const limit = Number(this.limit.value);
    return this.question ? { name: this.question.name, parameters: values, limit } : { cypher: this.editor.value, parameters: values, limit };
  }

  /** The nodes that the form itself names, with their kinds: they belong on the map beside the answer. */
  private named(): [string, string][] {
    const nodes = this.question?.parameters.filter((parameter) => NODES.has(parameter.type)) ?? [];
    return nodes.map((parameter) => [this.values.get(parameter.name)?.value.trim() ?? "", parameter.type]);
  }

  private async ask(): Promise<void> {
    const asked = this.asked();
    if (!asked) return;
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.busy(true);
    try {
      const response = await fetch(`${this.api}/query`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(asked),
        signal: running.signal,
      });
      if (!response.ok) throw new Error(await problem(response));
      const answer = (await response.json()) as Answer;
      showAnswer(this.answer, answer, {
        also: this.named(),
        showNodes: this.showNodes,
        find: async (name, kind, kindly) => {
          const hits = await this.search(name, kind, 5);
          return (hits.find((hit) => hit.name === name) ?? (kindly ? hits[0] : undefined))?.id ?? null;
        },
        say: (text) => this.say(text),
      });
    } catch (error) {
      if (this.running !== running) return;
      if (running.signal.aborted) {
        fill(this.answer, h("p", { class: "kg-ask-empty", text: "Stopped." }));
        this.say("Stopped");
      } else this.wrong(said(error));
    } finally {
      if (this.running === running) this.busy(false);
    }
  }

  private busy(busy: boolean): void {
    this.stop.hidden = !busy;
    this.run.classList.toggle("kg-ask-busy", busy);
    this.answer.setAttribute("aria-busy", String(busy));
    if (busy) this.say("Asking …");
    else this.running = null;
  }

  /** Say what is wrong; where it says the place, offer to go there. */
  private wrong(text: string): void {
    const box = h("div", { class: "kg-ask-wrong", role: "alert" }, bdi(text));
    const place = /^line (\d+), column (\d+)/.exec(text);
    if (place && !this.question) {
      const go = h("button", { type: "button", class: "kg-ask-button", text: "Go there" });
      go.addEventListener("click", () => this.editor.go(Number(place[1]), Number(place[2])));
      box.append(go);
    }
    fill(this.answer, box);
    this.say("");
  }

  private async search(text: string, kind: string, limit: number): Promise<Hit[]> {
    if (!text.trim()) return [];
    const query = new URLSearchParams({ q: text, limit: String(limit), ...(NODES.has(kind) ? { kind } : {}) });
    return (await get<{ hits: Hit[] }>(`${this.api}/search?${query}`)).hits;
  }
}

async function get<T>(address: string): Promise<T> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(await problem(response));
  return (await response.json()) as T;
}

async function problem(response: Response): Promise<string> {
  const told = (await response.json().catch(() => ({}))) as { detail?: string };
  return told.detail ?? `The app answered ${response.status}.`;
}

function said(error: unknown): string {
  if (error instanceof TypeError) return "The app does not answer; is it still running?";
  return error instanceof Error ? error.message : String(error);
}

/** Read a value as the command line does: what is JSON is that, all else is text. */
function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Where storage is forbidden, nothing is kept. */
function kept(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

function keep(text: string): void {
  try {
    sessionStorage.setItem(KEPT, text);
  } catch {
    // Then the next visit starts with an example.
  }
}
