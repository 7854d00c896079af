// The page on which people ask GraphQL: all of it comes from the server itself.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { person, startBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";
import { PASSWORD } from "./support/steps.mjs";

let server;
let browser;
let somebody;
const asked = [];

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  somebody = await person(browser, server.url);
  somebody.context.on("request", (request) => asked.push(request.url()));
  somebody.page.on("websocket", (socket) => asked.push(socket.url()));
  await somebody.page.goto("/graphql");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function post(path, token, body) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${server.url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path} ${answer.status}`);
  return answer.json();
}

/** Writes a document into the editor, and runs its operation, which has this name. */
async function run(page, name, text) {
  await page.locator(".graphiql-query-editor .CodeMirror").click();
  await page.keyboard.press("ControlOrMeta+A");
  // Typed, brackets would be closed by the editor as well.
  await page.keyboard.insertText(text);
  // It has understood what was written.
  await page.getByRole("tab", { name, exact: true }).waitFor();
  await page.getByRole("button", { name: /^Execute query/ }).click();
}

const shown = (page, text) => page.locator(".graphiql-response").getByText(text).waitFor();

test("a query is written and run, and its answer is shown", async () => {
  const { page } = somebody;
  await run(page, "Setup", "query Setup { me { role } setupOpen }");
  await shown(page, '"setupOpen": true');
});

test("the schema is there to be looked up", async () => {
  const { page } = somebody;
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await page.getByRole("link", { name: "Query", exact: true }).click();
  await page.getByRole("link", { name: "liveStreams" }).waitFor();
});

test("a subscription tells what happens", async () => {
  const { page } = somebody;
  const account = { username: "ada", password: PASSWORD };
  await post("/users", null, account);
  const { token } = await post("/sessions", null, account);
  await post("/me/creator", token, {});
  await post("/channels", token, { handle: "ada", title: "Live" });
  const line = "... on ChatLine { body { ... on ChatMessage { text } } }";
  await run(page, "Chat", `subscription Chat { chat(handle: "ada") { ... on ChatJoined { place } ${line} } }`);
  await shown(page, '"place"');
  await post("/channels/ada/chat", token, { text: "hello" });
  await shown(page, '"text": "hello"');
  await page.getByRole("button", { name: /^Stop query/ }).click();
});

test("nothing was asked of another host, and nothing that the policy forbids", async () => {
  assert.deepEqual(somebody.problems, []);
  const { host } = new URL(server.url);
  const remote = asked.filter((url) => /^(http|ws)/.test(url));
  assert.ok(remote.some((url) => url.startsWith("ws")));
  assert.deepEqual(remote.filter((url) => new URL(url).host !== host), []);
  const page = await fetch(`${server.url}/graphql`, { headers: { accept: "text/html" } });
  assert.match(page.headers.get("content-security-policy"), /script-src 'self';/);
  assert.doesNotMatch(await page.text(), /<script(?![^>]*\bsrc=)/);
});
