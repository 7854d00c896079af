// Following, blocking, moderators, pins, reactions and the rules of a chat, by their buttons.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { barriers, person, startBrowser } from "./support/browser.mjs";
import { startServer, until } from "./support/server.mjs";
import { becomeCreator, heard, makeChannel, makeKey, register, say, setUp } from "./support/steps.mjs";

let server;
let browser;
let admin;
let anna;
let carl;
let bob;
const keys = {};

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  admin = await person(browser, server.url);
  await setUp(admin.page, await server.setupToken(), "root");
  anna = await creator("anna", "Soldering");
  carl = await creator("carl", "Chess");
  bob = await person(browser, server.url);
  await register(bob.page, "bob", "Bob");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function creator(name, title) {
  const made = await person(browser, server.url);
  await register(made.page, name);
  await becomeCreator(made.page, async () => {
    await admin.page.goto("/admin");
    await admin.page.getByRole("button", { name: /^Approve/ }).click();
  });
  await makeChannel(made.page, name, title);
  keys[name] = await makeKey(made.page, "OBS");
  return made;
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const toast = (page, text) => page.getByText(text, { exact: true }).first();

/** Opens the menu of a message, and chooses from it. */
async function choose(page, text, item) {
  const message = page.locator(".message", { hasText: text }).last();
  await message.hover();
  await message.getByRole("button", { name: /^Actions/ }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test("a channel is followed, and is first on the front page from then on", async () => {
  const publishing = [server.publish(keys.anna)];
  await until("the first stream", async () => (await fetch(`${server.url}/api/v1/streams`)).json().then(({ items }) => items.length === 1));
  publishing.push(server.publish(keys.carl));
  const { page } = bob;
  const cards = page.locator("article.card h2");
  await page.goto("/");
  await until("both streams", async () => (await cards.allTextContents()).length === 2);
  assert.deepEqual(await cards.allTextContents(), ["Soldering", "Chess"]);

  await page.goto("/carl");
  await page.getByTestId("followers").filter({ hasText: "0 followers" }).waitFor();
  await button(page, "Follow").click();
  await button(page, "Unfollow").waitFor();
  await page.getByTestId("followers").filter({ hasText: "1 follower" }).waitFor();
  await button(page, "Do not tell me when carl goes live").click();
  await button(page, "Tell me when carl goes live").waitFor();

  await page.goto("/");
  await until("the followed one to be first", async () => (await cards.allTextContents())[0] === "Chess");
  await page.getByRole("link", { name: "Followed", exact: true }).click();
  await until("the followed one alone", async () => (await cards.allTextContents()).join() === "Chess");
  await page.goto("/account");
  await page.getByRole("link", { name: /carl/ }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await Promise.all(publishing.map((publisher) => publisher.end()));
});

test("a guest is asked to sign in before following", async () => {
  const guest = await person(browser, server.url);
  await guest.page.goto("/carl");
  await guest.page.getByRole("link", { name: "Follow" }).click();
  await guest.page.getByRole("heading", { name: "Welcome back" }).waitFor();
});

test("only followers write where the owner wants it so, by a command in the chat", async () => {
  await anna.page.goto("/anna");
  await say(anna.page, "/followers");
  await toast(anna.page, "The chat's rules are changed.").waitFor();
  await bob.page.goto("/anna");
  await bob.page.getByText("Only for followers").waitFor();
  await say(bob.page, "let me in");
  await bob.page.getByText(/only followers may chat here/i).waitFor();
  await button(bob.page, "Follow").click();
  await button(bob.page, "Unfollow").waitFor();
  await button(bob.page, "Try again").click();
  await heard(anna.page, "let me in").waitFor();
  await say(anna.page, "/followersoff");
  await bob.page.getByText("Only for followers").waitFor({ state: "detached" });
  await say(bob.page, "thank you :heart:");
  await heard(anna.page, "thank you ❤️").waitFor();
});

test("a moderator has the buttons at once, and pins", async () => {
  await choose(anna.page, "let me in", "Make a moderator");
  await bob.page.getByText("Bob is a moderator now.").first().waitFor();
  await say(anna.page, "read the rules first");
  await heard(bob.page, "read the rules first").waitFor();
  await choose(bob.page, "read the rules first", "Pin");
  const pins = anna.page.getByRole("region", { name: "Pinned messages" });
  await pins.getByText("read the rules first").waitFor();
  assert.deepEqual(await barriers(anna.page), []);
  await button(anna.page, "Unpin the message of anna").click();
  await pins.waitFor({ state: "detached" });
  await say(bob.page, "I am one");
  await anna.page.locator(".message", { hasText: "I am one" }).locator(".badge", { hasText: "Mod" }).waitFor();
});

test("a reaction and typing are seen by the others", async () => {
  await anna.page.getByRole("button", { name: "React with fire" }).click();
  await bob.page.locator(".air span", { hasText: "🔥" }).first().waitFor({ state: "attached" });
  await anna.page.getByRole("textbox", { name: "Message" }).pressSequentially("well");
  await bob.page.getByText("anna is typing…").waitFor();
  await anna.page.getByRole("textbox", { name: "Message" }).fill("");
});

test("who is blocked is out at once, until the owner makes up", async () => {
  await choose(anna.page, "I am one", "Block…");
  await anna.page.getByRole("alertdialog").getByRole("button", { name: "Block" }).click();
  await bob.page.getByText("You may no longer be in this channel.").waitFor({ timeout: 3000 });
  await anna.page.goto("/account");
  const blocked = anna.page.getByRole("region", { name: "People you have blocked" });
  await blocked.getByText("@bob").waitFor();
  assert.deepEqual(await barriers(anna.page), []);
  await blocked.getByRole("button", { name: /^Unblock/ }).click();
  await blocked.getByText(/^Nobody\./).waitFor();
  await bob.page.goto("/anna");
  await say(bob.page, "back again");
  await heard(bob.page, "back again").waitFor();
});

test("the dashboard lists who is what, and what was done", async () => {
  const { page } = anna;
  await page.goto("/dashboard");
  await page.getByRole("tab", { name: "Chat" }).click();
  const team = page.getByRole("region", { name: "Moderators and VIPs" });
  await team.getByLabel("User name").fill("carl");
  await team.getByLabel("Role").selectOption("vip");
  await team.getByRole("button", { name: "Appoint" }).click();
  await team.getByText("@carl · VIP").waitFor();
  await team.getByRole("button", { name: /^Dismiss/ }).click();
  await team.getByText(/^Nobody yet/).waitFor();
  const audit = page.getByRole("region", { name: "What was done" });
  await audit.getByRole("button", { name: "Refresh" }).click();
  await audit.getByText(/carl · VIP/).first().waitFor();
  assert.deepEqual(await barriers(page), []);
  for (const who of [anna, bob, carl]) assert.deepEqual(who.problems, []);
});
