// Lays x.br and x.gz beside each text x of a folder, where that saves a tenth or more.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { argv } from "node:process";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TEXTS = new Set([".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"]);

for (const entry of await readdir(argv[2], { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.startsWith(".") || !TEXTS.has(extname(entry.name))) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const plain = await readFile(path);
  const brotli = brotliCompressSync(plain, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  });
  const gzip = gzipSync(plain, { level: constants.Z_BEST_COMPRESSION });
  for (const [ending, bytes] of [
    [".br", brotli],
    [".gz", gzip],
  ]) {
    if (bytes.length <= plain.length * 0.9) await writeFile(path + ending, bytes);
  }
}
