// From an account to an audience: what people see, in real browsers, of a real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { barriers, person, startBrowser } from "./support/browser.mjs";
import { startServer, until } from "./support/server.mjs";
import { becomeCreator, heard, makeChannel, makeKey, plays, register, say, setUp } from "./support/steps.mjs";

const EVIL = `<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>`;

let server;
let browser;
let admin;
let creator;
let viewer;
let publisher;
let key;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  [admin, creator, viewer] = await Promise.all([1, 2, 3].map(() => person(browser, server.url)));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const isText = async ({ page }) => assert.equal(await page.evaluate(() => globalThis.hacked), undefined);

test("the one-time link makes the administrator, once", async () => {
  await setUp(admin.page, await server.setupToken(), "root");
  await admin.page.goto("/setup");
  await admin.page.getByText("This server is set up").waitFor();
});

test("somebody registers, becomes a creator, makes a channel and a key", async () => {
  const { page } = creator;
  await register(page, "anna", `Anna ${EVIL}`.slice(0, 50));
  await becomeCreator(page, async () => {
    await admin.page.goto("/admin");
    await admin.page.getByRole("button", { name: /^Approve/ }).click();
  });
  await makeChannel(page, "anna", `Live ${EVIL}`.slice(0, 120));
  key = await makeKey(page, "OBS");
  assert.match(key, /^\S{20,}$/);
  await isText(creator);
});

test("the chat works while the channel is offline", async () => {
  await viewer.page.goto("/anna");
  await viewer.page.getByText("is offline").first().waitFor();
  await say(viewer.page, "anybody there?");
  await heard(viewer.page, "anybody there?").waitFor();
});

test("an encoder publishes: the waiting page plays, the browse grid shows it", async () => {
  publisher = server.publish(key);
  await creator.page.getByRole("tab", { name: "Stream", exact: true }).click();
  await creator.page.getByTestId("air").filter({ hasText: "LIVE" }).waitFor();
  await creator.page.getByTestId("encoder").getByText("640×360").waitFor();
  // The built-in engine has no rooms: nothing of them is shown.
  assert.equal(await creator.page.getByText("Go live from the browser").count(), 0);
  await creator.page.getByTestId("encoder").getByText("30 fps").waitFor();
  await plays(viewer.page);
  await viewer.page.getByText("360p").first().waitFor();
  await viewer.page.locator("[data-latency]").first().waitFor();

  await admin.page.goto("/");
  await admin.page.getByRole("link", { name: /^Live / }).waitFor();
  await admin.page.goto("/?search=nothing-like-this");
  await admin.page.getByText("Nothing on air fits").waitFor();
  await isText(admin);
});

test("both chat; names, titles and messages stay text; mentions stand out", async () => {
  await creator.page.goto("/anna");
  await say(creator.page, `welcome ${EVIL}`);
  await heard(viewer.page, "welcome <img").waitFor();
  await say(viewer.page, "hello @anna");
  await creator.page.locator(".message.for-me", { hasText: "hello" }).waitFor();
  await isText(viewer);
  await isText(creator);
  await until("two viewers at most, one at least", async () => {
    const shown = await viewer.page.getByTestId("viewers").textContent();
    return shown === "1";
  });
});

test("a change of title and category shows at once", async () => {
  const other = await creator.context.newPage();
  await other.goto("/dashboard");
  await other.getByRole("tab", { name: "Channel" }).click();
  await other.getByLabel("Title").fill("Another title");
  await other.getByLabel("Category").fill("Music");
  await other.getByLabel("Tags").fill("piano");
  await other.getByRole("button", { name: "Save" }).click();
  await viewer.page.getByTestId("title").filter({ hasText: "Another title" }).waitFor({ timeout: 2000 });
  await viewer.page.getByTestId("category").filter({ hasText: "Music" }).waitFor({ timeout: 2000 });
  await other.close();
  await admin.page.goto("/");
  await admin.page.getByRole("link", { name: "Music" }).first().click();
  await admin.page.waitForURL(/category=Music/);
  await admin.page.getByRole("link", { name: "Another title" }).waitFor();
});

test("the encoder drops and returns: the page says so, and the player goes on", async () => {
  await publisher.end();
  await viewer.page.getByText("The broadcaster's connection dropped").first().waitFor();
  publisher = server.publish(key);
  await viewer.page.locator("[data-air=live]").waitFor();
  await plays(viewer.page);
});

test("the encoder returns with key frames further apart: a new playlist is gone to by itself", async () => {
  await publisher.end();
  await viewer.page.locator("[data-air=interrupted]").waitFor();
  publisher = server.publish(key, { gop: 150 });
  await viewer.page.locator("[data-air=live]").waitFor();
  await plays(viewer.page, 60_000);
});

test("the server is killed and comes back: chat and player go on without a gap or a double", async () => {
  await say(creator.page, "before the crash");
  await heard(viewer.page, "before the crash").waitFor();
  await server.restart();
  publisher = server.publish(key);
  await say(creator.page, "after the crash");
  await heard(viewer.page, "after the crash").waitFor({ timeout: 40_000 });
  assert.equal(await heard(viewer.page, "before the crash").count(), 1);
  assert.equal(await heard(viewer.page, "after the crash").count(), 1);
  await viewer.page.locator("[data-air=live]").waitFor({ timeout: 40_000 });
  await plays(viewer.page, 45_000);
});

test("the network breaks: the page says so, and the player goes on by itself", async () => {
  const { context, page } = await person(browser, server.url);
  await page.goto("/anna");
  await plays(page);
  await context.setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await until("the pictures to stop", async () => {
    const time = () => page.evaluate(() => document.querySelector("video").currentTime);
    const before = await time();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return (await time()) === before;
  });
  await context.setOffline(false);
  await page.getByText("You are offline.").waitFor({ state: "detached" });
  await plays(page);
  await say(page, "back again");
  await heard(creator.page, "back again").waitFor();
  await context.close();
});

test("staff deletes and times out; the error stands at the message, and can be tried again", async () => {
  await say(viewer.page, "something bad");
  await heard(creator.page, "something bad").waitFor();
  const bad = creator.page.locator(".message", { hasText: "something bad" });
  await bad.hover();
  await bad.getByRole("button", { name: /^Actions/ }).click();
  await creator.page.getByRole("menuitem", { name: "Delete the message" }).click();
  await viewer.page.getByText("message deleted").waitFor();
  const hello = creator.page.locator(".message", { hasText: "hello @anna" });
  await hello.hover();
  await hello.getByRole("button", { name: /^Actions/ }).click();
  await creator.page.getByRole("menuitem", { name: "Time out for 1 minute" }).click();
  await viewer.page.getByText(/may not chat until/).waitFor();
  await say(viewer.page, "may I?");
  const refused = viewer.page.locator(".message.failed", { hasText: "may I?" });
  await refused.getByRole("alert").waitFor();
  await refused.getByRole("button", { name: "Try again" }).click();
  await refused.getByRole("alert").waitFor();
  await refused.getByRole("button", { name: "Discard" }).click();
  await refused.waitFor({ state: "detached" });
});

test("pictures: a cover and a portrait are shown, and can be taken away", async () => {
  const other = await creator.context.newPage();
  const picture = { name: "me.jpg", mimeType: "image/jpeg", buffer: await viewer.page.screenshot({ type: "jpeg" }) };
  const isShown = (image) => until("the picture", () => image.evaluate(({ naturalWidth }) => naturalWidth > 0));
  await other.goto("/account");
  await other.getByLabel("Your picture: choose a picture").setInputFiles(picture);
  await isShown(other.locator("main .avatar img"));
  await other.getByRole("button", { name: "Remove" }).click();
  await other.locator("main .avatar img").waitFor({ state: "detached" });
  await other.goto("/dashboard");
  await other.getByRole("tab", { name: "Channel", exact: true }).click();
  await other.getByLabel("Your channel's cover: choose a picture").setInputFiles(picture);
  await isShown(other.getByAltText("The cover now"));
  await other.getByLabel("Your channel's cover: choose a picture").setInputFiles({ name: "x.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await other.getByText("This file is no picture that can be read.").waitFor();
  await other.close();
});

test("the rules of the chat are shown as they are changed", async () => {
  const other = await creator.context.newPage();
  await other.goto("/dashboard");
  await other.getByRole("tab", { name: "Chat" }).click();
  await other.getByLabel("Slow mode (seconds)").fill("5");
  await other.getByLabel(/^Guests may write/).uncheck();
  await other.getByRole("button", { name: "Save" }).click();
  await viewer.page.getByText("Slow mode: one message every 5 s").waitFor();
  await viewer.page.getByRole("link", { name: "Sign in to chat" }).waitFor();
  await other.close();
});

test("the embedded player plays on a page of its own", async () => {
  const { context, page, problems } = await person(browser, server.url);
  await page.goto("/embed/anna?chat=1");
  await plays(page);
  await page.getByRole("region", { name: "Chat" }).waitFor();
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(problems, []);
  await context.close();
});

test("a stranger sees no dashboard of another, and no administration", async () => {
  const { context, page } = await person(browser, server.url);
  await page.goto("/dashboard");
  await page.getByText("Sign in first").waitFor();
  await register(page, "eve");
  await page.goto("/dashboard");
  await page.getByText("Go live yourself").waitFor();
  assert.equal(await page.getByText("Another title").count(), 0);
  await page.goto("/admin");
  await page.getByText("For administrators only").waitFor();
  const statuses = await page.evaluate(() =>
    Promise.all(
      ["/api/v1/channels/anna/keys", "/api/v1/users?creator_status=approved", "/api/v1/channels/anna/chat/restrictions"].map(
        async (path) => (await fetch(path)).status,
      ),
    ),
  );
  assert.deepEqual(statuses, [403, 403, 403]);
  await context.close();
});

test("no page has serious barriers, in light and dark; none is wider than a phone", async () => {
  const pages = {
    viewer: ["/", "/anna", "/no-such-channel", "/sign-in", "/register", "/setup", "/dashboard", "/x"],
    creator: ["/dashboard", "/account", "/anna"],
    admin: ["/admin"],
  };
  for (const [who, addresses] of Object.entries(pages)) {
    const { page } = { viewer, creator, admin }[who];
    for (const address of addresses) {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(colorScheme === "light" ? { width: 1280, height: 800 } : { width: 360, height: 740 });
        await page.goto(address);
        await page.locator("main h1, main h2").first().waitFor();
        assert.deepEqual(await barriers(page), [], `${who} at ${address}, ${colorScheme}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${who} at ${address} is ${over} px too wide`);
      }
    }
  }
  const { page } = creator;
  await page.goto("/dashboard");
  for (const name of ["Stream", "Channel", "Stream keys", "Chat"]) {
    await page.getByRole("tab", { name, exact: true }).click();
    await page.locator("[role=tabpanel]:not([hidden]) h2").first().waitFor();
    assert.deepEqual(await barriers(page), [], `dashboard: ${name}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `dashboard: ${name} is ${over} px too wide`);
  }
});

test("by keyboard alone: skip link, search, menus, player", async () => {
  const { context, page } = await person(browser, server.url);
  await page.goto("/anna");
  await plays(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("m");
  assert.equal(await page.evaluate(() => document.querySelector("video").muted), true);
  await page.keyboard.press("k");
  await until("a pause", () => page.evaluate(() => document.querySelector("video").paused));
  await page.keyboard.press("k");
  await plays(page);
  await page.getByRole("button", { name: "Colours" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitemradio", { name: "Dark" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await until("dark", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
  await context.close();
});

test("the stream ends, and the page says why", async () => {
  await creator.page.setViewportSize({ width: 1280, height: 800 });
  await viewer.page.goto("/anna");
  await viewer.page.locator("[data-air=live]").waitFor();
  await creator.page.goto("/dashboard");
  await creator.page.getByRole("button", { name: "End the stream" }).click();
  await creator.page.getByRole("alertdialog").getByRole("button", { name: "End the stream" }).click();
  await viewer.page.getByText("The broadcaster ended the stream.").first().waitFor();
  await creator.page.getByTestId("air").filter({ hasText: "OFFLINE" }).waitFor();
  await publisher.ended;
});

test("nothing went wrong on any page, and no policy was broken", () => {
  for (const [name, who] of Object.entries({ admin, creator, viewer })) assert.deepEqual(who.problems, [], name);
});
