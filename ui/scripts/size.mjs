// What a browser loads before anybody asks for the player: at most 150 kB, gzipped.
//
// Counted for every page: the document, its entry and all that these import, the page's own
// chunk and its style sheets. Chunks that are only loaded on demand inside of a page (the
// player, the socket) are listed beside, not counted.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 150 * 1000;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const sizes = new Map();
function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(new URL(file, dist))).length);
  return sizes.get(file);
}

function closure(key, files = new Set()) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return files;
  files.add(chunk.file);
  for (const file of [...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
  for (const imported of chunk.imports ?? []) closure(imported, files);
  return files;
}

function total(document, files) {
  return size(document) + [...files].reduce((sum, file) => sum + size(file), 0);
}

const pages = Object.keys(manifest).filter((key) => key.startsWith("src/pages/"));
if (pages.length === 0) throw new Error("no pages in the manifest");
let worst = 0;
for (const page of pages) {
  const bytes = total("index.html", closure(page, closure("index.html")));
  worst = Math.max(worst, bytes);
  console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${page}`);
}
const embed = total("embed.html", closure("embed.html"));
worst = Math.max(worst, embed);
console.log(`${(embed / 1000).toFixed(1).padStart(7)} kB  embed.html`);
for (const [key, chunk] of Object.entries(manifest)) {
  if (chunk.isDynamicEntry && !pages.includes(key)) {
    console.log(`${(size(chunk.file) / 1000).toFixed(1).padStart(7)} kB  on demand: ${key}`);
  }
}
if (worst > LIMIT) {
  console.error(`The first load is over ${LIMIT / 1000} kB gzipped.`);
  process.exit(1);
}
