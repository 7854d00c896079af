// Pictures of every page, in light, in dark and on a phone, in `screenshots/`: to be looked at.

import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { person, startBrowser } from "./e2e/support/browser.mjs";
import { startServer } from "./e2e/support/server.mjs";
import { becomeCreator, heard, makeChannel, makeKey, plays, register, say, setUp } from "./e2e/support/steps.mjs";

const folder = fileURLToPath(new URL("screenshots/", import.meta.url));
const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1440, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1440, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 } },
  "phone-dark": { colorScheme: "dark", viewport: { width: 360, height: 740 } },
};

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const server = await startServer();
const browser = await startBrowser();

async function shoot({ page }, name, { prepare, fullPage = false } = {}) {
  for (const [look, { colorScheme, viewport }] of Object.entries(LOOKS)) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize(viewport);
    await prepare?.(page);
    await page.screenshot({ path: `${folder}${name}-${look}.png`, fullPage });
  }
}
const go = (address, ready) => async (page) => {
  await page.goto(address);
  await page.locator(ready).first().waitFor();
};

try {
  const [admin, anna, bob, cleo, guest] = await Promise.all([1, 2, 3, 4, 5].map(() => person(browser, server.url)));
  const token = await server.setupToken();
  await shoot(admin, "setup", { prepare: go(`/setup?#${token}`, "form.card") });
  await shoot(guest, "browse-empty", { prepare: go("/", ".state") });
  await setUp(admin.page, token, "root");

  const people = [
    [anna, "anna", "Anna Lindqvist", "Late night piano: requests welcome, wrong notes included", "Music", "piano, jazz, chill"],
    [bob, "bobthebuilder", "Bob", "Building a cuckoo clock out of nothing but scraps, day 12", "Crafts", "wood, clocks"],
    [cleo, "cleo", "Cleo Park", "Chess: blitz until the sun comes up", "Chess", "blitz, english"],
  ];
  for (const [who, name, shown, title, category, tags] of people) {
    const { page } = who;
    await register(page, name, shown);
    await becomeCreator(page, async () => {
      await page.screenshot({ path: `${folder}dashboard-waiting-light.png` });
      await admin.page.goto("/admin");
      await admin.page.getByRole("button", { name: /^Approve/ }).first().click();
    });
    if (who === anna) await shoot(anna, "dashboard-new", { prepare: go("/dashboard", "form.card") });
    await makeChannel(page, name, title);
    const key = await makeKey(page, "OBS at home");
    await page.getByRole("tab", { name: "Channel", exact: true }).click();
    await page.getByLabel("Category").fill(category);
    await page.getByLabel("Tags").fill(tags);
    await page.getByLabel("Description").fill("Every Tuesday and Friday from nine. Be kind to each other.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    who.publisher = server.publish(key, { gop: who === bob ? 150 : 60 });
  }
  await guest.page.goto("/anna");
  await plays(guest.page);
  await anna.page.goto("/anna");
  await bob.page.goto("/anna");
  await say(bob.page, "That bass line again, please!");
  await say(guest.page, "first time here, this is lovely");
  await say(anna.page, "Hello everybody, welcome in. @bobthebuilder coming up right after this one");
  await say(guest.page, "does anybody know the name of the tune? I have been humming it for a week and it will not leave");
  await say(bob.page, "https://example.org/the-tune maybe this, @anna?");
  await heard(guest.page, "maybe this").waitFor();

  await shoot(guest, "browse", { prepare: go("/", "article") });
  await shoot(guest, "browse-filter", { prepare: go("/?category=Chess", "article") });
  await shoot(guest, "browse-nothing", { prepare: go("/?search=zither", ".state") });
  await shoot(guest, "watch", {
    prepare: async (page) => {
      await go("/anna", ".message")(page);
      await plays(page);
      await page.locator(".screen").hover();
    },
  });
  await shoot(guest, "watch-unknown", { prepare: go("/no-such-channel", ".state") });
  await shoot(anna, "watch-menu", {
    prepare: async (page) => {
      await go("/anna", ".message")(page);
      const message = page.locator(".message", { hasText: "bass line" });
      await message.hover();
      await message.getByRole("button", { name: /^Actions/ }).click();
      await page.getByRole("menu").waitFor();
    },
  });
  await shoot(guest, "embed", { prepare: async (page) => (await go("/embed/anna?chat=1", ".message")(page), plays(page)) });
  for (const [name, tab, ready] of [
    ["stream", "Stream", "[data-testid=encoder]"],
    ["channel", "Channel", "#cover"],
    ["keys", "Stream keys", "[data-key]"],
    ["chat", "Chat", "section:has(h2:text-is('Who may not chat'))"],
  ]) {
    await shoot(bob, `dashboard-${name}`, {
      fullPage: true,
      prepare: async (page) => {
        await page.goto("/dashboard");
        await page.getByRole("tab", { name: tab, exact: true }).click();
        await page.locator(ready).waitFor();
        if (name === "stream") await page.getByText("Key frames are").waitFor();
      },
    });
  }
  await shoot(bob, "dialog", {
    prepare: async (page) => {
      await page.goto("/dashboard");
      await page.getByRole("button", { name: "End the stream" }).click();
      await page.getByRole("alertdialog").waitFor();
    },
  });
  await shoot(bob, "account", { prepare: go("/account", "#profile"), fullPage: true });
  const { page: extra } = await person(browser, server.url);
  await register(extra, "dora", "Dora the Waiting");
  await extra.goto("/dashboard");
  await shoot({ page: extra }, "dashboard-become", { prepare: go("/dashboard", ".state") });
  await shoot(admin, "admin-creators", {
    prepare: async (page) => {
      await go("/admin", "h1")(page);
      await page.getByRole("button", { name: "Approved" }).click();
      await page.locator("ul.list li, .state").first().waitFor();
    },
  });
  await shoot(admin, "admin-streams", {
    prepare: async (page) => {
      await go("/admin", "h1")(page);
      await page.getByRole("tab", { name: "Live streams" }).click();
      await page.getByRole("button", { name: /^End it/ }).first().waitFor();
    },
  });
  await shoot(guest, "sign-in", { prepare: go("/sign-in", "form.card") });
  await shoot(guest, "register", { prepare: go("/register", "form.card") });
  await cleo.publisher.end();
  await shoot(guest, "watch-interrupted", {
    prepare: async (page) => {
      await page.goto("/cleo");
      await page.getByText("The stream has started.").waitFor();
    },
  });
  // The grace passes, and the channel is off air.
  await guest.page.getByText("The stream has ended").first().waitFor({ timeout: 60_000 });
  await shoot(guest, "watch-offline", {
    prepare: async (page) => {
      await page.goto("/cleo");
      await page.getByText("The stream has started.").waitFor();
    },
  });
} finally {
  await browser.close();
  await server.stop();
}
console.log(`look at them: ${folder}`);
