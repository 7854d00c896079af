// A chat of thousands of lines: it stays smooth, and waits for who reads what is older.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { barriers, person, startBrowser } from "./support/browser.mjs";
import { startServer, until } from "./support/server.mjs";
import { becomeCreator, heard, makeChannel, register, say, setUp } from "./support/steps.mjs";

const LINES = 5000;

let server;
let browser;
let owner;
let viewer;
/** Says lines to the viewer's page as the server would: no server lets anybody write so fast. */
let crowd;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  const admin = await person(browser, server.url);
  await setUp(admin.page, await server.setupToken(), "root");
  owner = await person(browser, server.url);
  await register(owner.page, "anna");
  await becomeCreator(owner.page, async () => {
    await admin.page.goto("/admin");
    await admin.page.getByRole("button", { name: /^Approve/ }).click();
  });
  await makeChannel(owner.page, "anna", "A crowd");
  viewer = await person(browser, server.url);
  let seq = 100_000;
  await viewer.page.routeWebSocket(/socket\.io/, (socket) => {
    socket.connectToServer();
    crowd = (count) => {
      for (let i = 0; i < count; i++) {
        seq += 1;
        const author = { identity: `guest:${seq % 97}`, name: `Guest ${seq % 97}`, badges: [] };
        const text = `line ${seq} ${"and so on ".repeat(seq % 9)}`;
        const line = { type: "message", place: `0:${seq}`, seq, at: new Date().toISOString(), author, text, truncated: false };
        socket.send(`42${JSON.stringify(["new-message", line])}`);
      }
      return seq;
    };
  });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const newest = (page, seq) => page.locator(`[data-seq="${seq}"]`);

test("thousands of lines: few are in the document, the newest is seen", async () => {
  const { page } = viewer;
  await page.goto("/anna");
  await say(page, "I am here");
  await heard(page, "I am here").waitFor();
  // The longest time for which nothing else could happen on the page.
  await page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
    }).observe({ entryTypes: ["longtask"] });
  });
  let last;
  for (let i = 0; i < LINES / 50; i++) {
    last = crowd(50);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await newest(page, last).waitFor();
  await until("the newest to be in view", () =>
    newest(page, last).evaluate((row) => row.getBoundingClientRect().bottom <= row.closest("[role=log]").getBoundingClientRect().bottom + 1),
  );
  const rows = await page.locator(".message").count();
  assert.ok(rows < 100, `${rows} messages are in the document`);
  const longest = await page.evaluate(() => globalThis.longest);
  assert.ok(longest < 500, `the page stood still for ${longest} ms`);
});

test("who scrolls up is not moved, and is told how many came", async () => {
  const { page } = viewer;
  const list = page.getByRole("log");
  await list.hover();
  await page.mouse.wheel(0, -1500);
  await page.getByRole("button", { name: "To the newest" }).waitFor();
  await until("the scrolling to end", async () => {
    const at = await list.evaluate((element) => element.scrollTop);
    await new Promise((resolve) => setTimeout(resolve, 150));
    return at === (await list.evaluate((element) => element.scrollTop));
  });
  const before = await list.evaluate((element) => element.scrollTop);
  const last = crowd(7);
  const button = page.getByRole("button", { name: "7 new messages" });
  await button.waitFor();
  assert.equal(await list.evaluate((element) => element.scrollTop), before);
  await button.click();
  await newest(page, last).waitFor();
  await button.waitFor({ state: "detached" });
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(viewer.problems, []);
});

test("arrow keys go from message to message", async () => {
  const { page } = viewer;
  await page.getByRole("log").focus();
  await page.keyboard.press("ArrowUp");
  const first = await page.evaluate(() => document.activeElement?.closest(".message")?.getAttribute("data-seq"));
  await page.keyboard.press("ArrowUp");
  const second = await page.evaluate(() => document.activeElement?.closest(".message")?.getAttribute("data-seq"));
  assert.equal(Number(second), Number(first) - 1);
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Answer" }).waitFor();
  await page.keyboard.press("Escape");
});
