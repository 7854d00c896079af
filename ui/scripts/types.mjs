// The types of the API, from its checked-in description. With --check nothing is written:
// it fails where they differ, so that no build uses types of another API.

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../api/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);

const head = "// Generated from api/openapi.json by `npm run types`. Do not edit.\n\n";
const wanted = head + astToString(await openapiTS(JSON.parse(await readFile(source, "utf8"))));

if (process.argv.includes("--check")) {
  const found = await readFile(target, "utf8").catch(() => "");
  if (found !== wanted) {
    console.error("src/api/schema.d.ts is not of api/openapi.json: run `npm run types`.");
    process.exit(1);
  }
} else {
  await writeFile(target, wanted);
}
