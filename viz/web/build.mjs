/** Builds viz/explorer/dist (or the folder named): explorer.js, explorer.css and NOTICE.txt; the same bytes every time. */

import { build } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "../explorer/dist"));

await mkdir(out, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { explorer: "src/main.ts" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome109", "firefox113", "safari16.4"],
  charset: "ascii",
  legalComments: "none",
  metafile: true,
});

// Which packages came into the bundle, each with its licence text: said, so that it cannot go stale.
const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (found) packages.add(found[1]);
}
const notices = [];
for (const name of [...packages].sort()) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const text = await readFile(join(folder, "LICENSE"), "utf8").catch(() => readFile(join(folder, "LICENSE.txt"), "utf8"));
  notices.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
}
const { devDependencies } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
const built = Object.entries(devDependencies).map(([name, version]) => `${name} ${version}`);
await writeFile(
  join(out, "NOTICE.txt"),
  `explorer.js and explorer.css: the explorer of this project, built from viz/web under the project's licence (Apache-2.0).
Built with ${built.join(", ")}; neither is part of the files.
Packages of others inside: ${notices.length ? [...packages].sort().join(", ") : "none"}.
${notices.map((notice) => `\n${"-".repeat(80)}\n${notice}`).join("")}`,
);
