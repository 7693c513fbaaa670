/** Starts the explorer: from the data in the page, or over HTTP. */

import "./explorer.css";
import { ApiSource } from "./api";
import { mountAsk } from "./ask";
import { Explorer, type Options } from "./explorer";
import { bytesSource, fileSource, type Source } from "./source";

/** Put an explorer into an element. */
async function mount(host: HTMLElement, source: Source, options: Options = {}): Promise<Explorer> {
  const explorer = new Explorer(host, source, { ask: mountAsk, ...options });
  try {
    await explorer.start();
  } catch (error) {
    explorer.say(`The graph cannot be shown: ${error instanceof Error ? error.message : String(error)}`, true);
    throw error;
  }
  return explorer;
}

interface Handle {
  mount: typeof mount;
  fileSource: typeof fileSource;
  bytesSource: typeof bytesSource;
  apiSource: (api: string) => ApiSource;
  explorer: Explorer | null;
  /** Where a node is, in pixels of the window (for tests). */
  where: (id: string) => [number, number] | null;
}

const handle: Handle = {
  mount,
  fileSource,
  bytesSource,
  apiSource: (api) => new ApiSource(api),
  explorer: null,
  where: (id) => {
    const { explorer } = handle;
    const node = explorer ? explorer.core.ids.find(id) : -1;
    if (!explorer || node < 0) return null;
    const box = explorer.map.element.getBoundingClientRect();
    const [x, y] = explorer.map.where(node);
    return [x + box.left, y + box.top];
  },
};
(window as unknown as { kgExplorer: Handle }).kgExplorer = handle;

function start(): void {
  const host = document.getElementById("kg-explorer");
  const api = document.querySelector<HTMLMetaElement>('meta[name="kg-api"]')?.content;
  if (!host) return;
  const source = document.getElementById("core") ? fileSource(document) : api ? new ApiSource(api) : null;
  if (source) void mount(host, source).then((explorer) => (handle.explorer = explorer));
}

// The graph itself stands before this script; what is read at need may still be on its way.
if (document.getElementById("core") || document.readyState !== "loading") start();
else document.addEventListener("DOMContentLoaded", start);
