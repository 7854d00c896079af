// A broadcast from one browser to others, through a real LiveKit: LIVEKIT_SERVER names the program.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { barriers, person, startBrowser } from "./support/browser.mjs";
import { expired, settings, startLiveKit } from "./support/livekit.mjs";
import { freePort, startServer, until } from "./support/server.mjs";
import { becomeCreator, makeChannel, pictures, plays, register, setUp } from "./support/steps.mjs";

const options = { skip: process.env.LIVEKIT_SERVER ? false : "LIVEKIT_SERVER is not set" };

let server;
let livekit;
let browser;
let admin;
let creator;
let viewer;
let guest;

before(async () => {
  if (options.skip) return;
  const port = await freePort();
  server = await startServer({ env: settings(port) });
  livekit = await startLiveKit(port, server.url);
  browser = await startBrowser(["--use-fake-device-for-media-stream=display-media-type=monitor", "--use-fake-ui-for-media-stream"]);
  [admin, creator, viewer, guest] = await Promise.all([1, 2, 3, 4].map(() => person(browser, server.url)));
});
after(async () => {
  await browser?.close();
  await livekit?.stop();
  await server?.stop();
});

const studio = ({ page }) => page.getByRole("region", { name: "Go live from the browser" });
const studioAir = ({ page }, text) => page.getByTestId("studio-air").filter({ hasText: text });
const preview = ({ page }) => page.getByLabel("What you send");

async function goLive({ page }) {
  await page.getByRole("button", { name: "Go live", exact: true }).click();
  await page.getByTestId("studio-air").filter({ hasText: "ON AIR" }).waitFor();
}

/** Whether sound comes, and not silence: the browser's microphone beeps. */
const hears = ({ page }) =>
  until("sound", () =>
    page.evaluate(async () => {
      const context = (globalThis.listening ??= new AudioContext());
      await context.resume();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(document.querySelector("video").srcObject).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      for (let tries = 0; tries < 40; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        analyser.getFloatTimeDomainData(samples);
        if (samples.some((sample) => Math.abs(sample) > 0.01)) return true;
      }
      return false;
    }),
  );

test("a creator sees themselves before anybody else does", options, async () => {
  await setUp(admin.page, await server.setupToken(), "root");
  await register(creator.page, "anna");
  await becomeCreator(creator.page, async () => {
    await admin.page.goto("/admin");
    await admin.page.getByRole("button", { name: /^Approve/ }).click();
  });
  await makeChannel(creator.page, "anna", "From my room");
  await studio(creator).waitFor();
  assert.deepEqual(await barriers(creator.page), []);

  await creator.page.getByRole("button", { name: "Use the camera" }).click();
  await preview(creator).waitFor();
  await plays(creator.page);
  assert.ok(await creator.page.getByLabel("Camera", { exact: true }).locator("option").count());
  assert.ok(await creator.page.getByLabel("Microphone").locator("option").count());
  assert.deepEqual(await barriers(creator.page), []);
  assert.equal(await creator.page.getByTestId("air").textContent(), "OFFLINE");

  await creator.page.getByRole("button", { name: "Cancel" }).click();
  await preview(creator).waitFor({ state: "detached" });
});

test("they go live, and the watch page shows and sounds it", options, async () => {
  await register(viewer.page, "bob");
  await viewer.page.goto("/anna");
  await viewer.page.getByText("is offline").first().waitFor();
  await creator.page.getByRole("button", { name: "Use the camera" }).click();
  await goLive(creator);
  await creator.page.getByTestId("air").filter({ hasText: "LIVE" }).waitFor();
  await plays(viewer.page);
  await hears(viewer);
  await viewer.page.getByTitle("Resolution").waitFor();
  await guest.page.goto("/anna");
  await plays(guest.page);
  await until("two viewers", async () => (await guest.page.getByTestId("viewers").textContent()) === "2");
  for (const { page } of [creator, viewer]) {
    for (const colorScheme of ["dark", "light"]) {
      await page.emulateMedia({ colorScheme });
      // Colours that are on their way count for nothing; what turns for ever does not count.
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map((it) => it instanceof CSSTransition && it.finished)));
      assert.deepEqual(await barriers(page), []);
    }
  }
});

test("sound that was turned off stays off, and what is paused stays paused", options, async () => {
  const { page } = guest;
  const is = () => page.evaluate(() => ({ muted: document.querySelector("video").muted, paused: document.querySelector("video").paused }));
  await page.keyboard.press("m");
  await page.keyboard.press("k");
  await until("it to be silent and still", async () => (await is()).muted && (await is()).paused);
  // The creator's tracks go and come.
  await creator.page.getByRole("button", { name: "Stop publishing" }).click();
  await page.locator("[data-air=interrupted]").waitFor();
  await creator.page.getByRole("button", { name: "Use the camera" }).click();
  await goLive(creator);
  await page.locator("[data-air=live]").waitFor();
  await plays(viewer.page);
  assert.deepEqual(await is(), { muted: true, paused: true });
  await page.keyboard.press("k");
  await plays(page);
});

for (const [device, kind, missed] of [
  ["microphone", "getAudioTracks", "hear"],
  ["camera", "getVideoTracks", "see"],
]) {
  test(`a ${device} that is unplugged on air is said to be gone, and is connected anew`, options, async () => {
    await creator.page.evaluate((kind) => {
      const [track] = document.querySelector("video[aria-label='What you send']").srcObject[kind]();
      track.stop();
      // Browsers tell so of a device that goes away; of a track that the page stops they do not.
      track.dispatchEvent(new Event("ended"));
    }, kind);
    const said = studio(creator).getByRole("alert").filter({ hasText: `Your ${device} is gone: your viewers do not ${missed} you.` });
    await said.waitFor();
    await studioAir(creator, "ON AIR").waitFor();
    assert.ok(await creator.page.getByLabel("Camera", { exact: true }).locator("option").count());
    assert.deepEqual(await barriers(creator.page), []);
    await guest.page.locator("[data-air=live]").waitFor();
    if (device === "microphone") await plays(viewer.page);

    await creator.page.getByRole("button", { name: "Connect camera and microphone" }).click();
    await said.waitFor({ state: "detached" });
    await plays(viewer.page);
    await hears(viewer);
  });
}

test("a token whose time is over is another one the next time", options, async () => {
  const { context, page } = await person(browser, server.url);
  const urls = [];
  await context.route("**/playback", async (route) => {
    const response = await route.fetch();
    const { addresses } = await response.json();
    const [room] = addresses;
    // The first is asked for to be somebody, the second to watch.
    if (urls.push(room.url) <= 2) room.token = expired(room.token);
    await route.fulfill({ response, json: { addresses } });
  });
  await page.goto("/anna");
  await plays(page);
  assert.equal(urls.length, 3);
  await context.close();
});

test("the page fits a phone", options, async () => {
  const phone = await person(browser, server.url, { viewport: { width: 360, height: 740 } });
  await phone.page.goto("/anna");
  await plays(phone.page);
  await phone.context.close();
  await creator.page.setViewportSize({ width: 360, height: 740 });
  const overflow = await creator.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
  await creator.page.setViewportSize({ width: 1280, height: 800 });
});

test("whoever has one seat for two tabs is told where they watch", options, async () => {
  const { context, page } = await person(browser, server.url);
  let seat = null;
  // Both tabs are given the same seat; the server does the rest.
  await context.route("**/playback", async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    seat ??= answer;
    await route.fulfill({ response, json: seat });
  });
  await page.goto("/anna");
  await plays(page);
  const other = await context.newPage();
  await other.goto("/anna");
  await plays(other);
  await page.getByText("You watch this in another tab").waitFor();
  await page.getByRole("button", { name: "Watch here" }).click();
  await plays(page);
  await other.getByText("You watch this in another tab").waitFor();
  await context.close();
});

test("a ban cuts off within a second, and the page says so", options, async () => {
  const id = await viewer.page.evaluate(async () => (await (await fetch("/api/v1/me")).json()).id);
  await viewer.page.evaluate(() => {
    globalThis.cut = new Promise((resolve) => {
      const begun = Date.now();
      const look = () => {
        if (document.body.innerText.includes("You may not watch this channel")) resolve(Date.now());
        else if (Date.now() > begun + 10_000) resolve(Infinity);
        else setTimeout(look, 10);
      };
      look();
    });
  });
  const began = Date.now();
  const status = await creator.page.evaluate(async (user) => {
    const headers = { "content-type": "application/json" };
    const path = `/api/v1/channels/anna/chat/restrictions/user:${user}`;
    return (await fetch(path, { method: "PUT", headers, body: JSON.stringify({ kind: "ban" }) })).status;
  }, id);
  assert.ok(status < 300, String(status));
  const took = (await viewer.page.evaluate(() => globalThis.cut)) - began;
  assert.ok(took < 1000, `${took} ms`);
  assert.equal(await viewer.page.evaluate(() => document.querySelector("video").srcObject), null);
  assert.deepEqual(await barriers(viewer.page), []);

  await viewer.page.getByRole("button", { name: "Try again" }).click();
  await viewer.page.getByText("You may not watch this channel").waitFor();
  await viewer.page.reload();
  await viewer.page.getByText("You may not watch this channel").waitFor();
  assert.equal((await pictures(viewer.page)).frames, 0);
  await plays(guest.page);
});

test("LiveKit is killed and comes back: the broadcast and its viewers, too", options, async () => {
  await livekit.kill();
  await studioAir(creator, "CONNECTION LOST").waitFor();
  const newcomer = await person(browser, server.url);
  await newcomer.page.goto("/anna");
  for (const { page } of [guest, newcomer]) {
    await page.getByText("The stream cannot be reached at the moment").waitFor();
    await page.getByText("It is tried again by itself.").waitFor();
    assert.deepEqual(await barriers(page), []);
  }
  await livekit.restart();
  await studioAir(creator, "ON AIR").waitFor({ timeout: 60_000 });
  for (const { page } of [guest, newcomer]) {
    await page.locator("[data-air=live]").waitFor({ timeout: 60_000 });
    await plays(page, 60_000);
    assert.equal(await page.getByText("cannot be reached").count(), 0);
  }
  assert.deepEqual(newcomer.problems, []);
  await newcomer.context.close();
});

test("whoever goes live while LiveKit is away is told so, and is on air when it is back", options, async () => {
  const { page } = creator;
  await page.getByRole("button", { name: "Stop publishing" }).click();
  await page.getByRole("button", { name: "Use the camera" }).click();
  await preview(creator).waitFor();
  await livekit.kill();
  await page.getByRole("button", { name: "Go live", exact: true }).click();
  await studioAir(creator, "NOT REACHED").waitFor();
  await studio(creator).getByText("the media server cannot be reached at the moment").waitFor();
  assert.deepEqual(await barriers(page), []);
  await livekit.restart();
  await studioAir(creator, "ON AIR").waitFor({ timeout: 60_000 });
  await plays(guest.page, 60_000);
});

test("the screen is shared, with the voice", options, async () => {
  const { page } = creator;
  await page.getByRole("button", { name: "Stop publishing" }).click();
  await page.getByRole("button", { name: "Share the screen" }).click();
  await preview(creator).waitFor();
  await goLive(creator);
  await guest.page.locator("[data-air=live]").waitFor();
  await plays(guest.page);
  await hears(guest);
});

test("a screen on which nothing moves keeps its viewers", options, async () => {
  const { page } = creator;
  await page.getByRole("button", { name: "Stop publishing" }).click();
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    mediaDevices.getDisplayMedia = async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
      const drawing = canvas.getContext("2d");
      globalThis.drawing = setInterval(() => drawing.fillRect(0, 0, 640, 360), 50);
      return canvas.captureStream();
    };
    mediaDevices.getUserMedia = async () => new MediaStream();
  });
  await page.getByRole("button", { name: "Share the screen" }).click();
  await preview(creator).waitFor();
  await goLive(creator);
  await guest.page.locator("[data-air=live]").waitFor();
  const shown = () => guest.page.evaluate(() => document.querySelector("video").srcObject?.getVideoTracks()[0]?.id);
  await until("the picture", async () => (await pictures(guest.page)).frames > 0 && (await pictures(guest.page)).height === 360);
  await page.evaluate(() => clearInterval(globalThis.drawing));
  const id = await shown();
  const asked = [];
  guest.page.on("request", (request) => request.url().endsWith("/playback") && asked.push(request.url()));
  // Longer than a player waits for a picture that should move.
  const over = Date.now() + 12_000;
  await until("a while", () => Date.now() > over);
  assert.equal(await shown(), id);
  assert.deepEqual(asked, []);
});

test("a stream that is ended ends here, too", options, async () => {
  await creator.page.getByRole("button", { name: "End the stream" }).click();
  await creator.page.getByRole("alertdialog").getByRole("button", { name: "End the stream" }).click();
  await guest.page.getByText("The broadcaster ended the stream.").first().waitFor();
  await studio(creator).getByRole("alert").filter({ hasText: /stream is over/i }).waitFor();
  await studio(creator).getByRole("button", { name: "Use the camera" }).waitFor();
  assert.equal(await studioAir(creator, "").count(), 0);
});

test("each key shows the address of its own for encoders", options, async () => {
  const { page } = creator;
  await page.getByRole("tab", { name: "Stream keys" }).click();
  await page.getByRole("button", { name: "Show the key Browser" }).click();
  await page.getByLabel("WHIP server for Browser", { exact: true }).waitFor();
  assert.match(await page.getByLabel("WHIP server for Browser", { exact: true }).inputValue(), /^http.*\/whip\/v1$/);
  assert.ok(await page.getByLabel("WHIP bearer token for Browser", { exact: true }).inputValue());
});

test("who has no camera, or does not allow it, is told so", options, async () => {
  const refusing = await startBrowser(["--use-fake-device-for-media-stream"]);
  const without = await startBrowser();
  try {
    const session = await creator.context.storageState();
    for (const [other, words] of [
      [refusing, "This page may not use your camera and microphone."],
      [without, "There is no such camera or microphone."],
    ]) {
      const { page, problems } = await person(other, server.url, { storageState: session });
      await page.goto("/dashboard");
      await page.getByRole("button", { name: "Use the camera" }).click();
      await page.getByRole("alert").filter({ hasText: words }).waitFor();
      assert.deepEqual(await barriers(page), []);
      assert.deepEqual(problems, []);
    }
  } finally {
    await Promise.all([refusing.close(), without.close()]);
  }
});

test("nothing went wrong on any page", options, () => {
  assert.deepEqual([creator, viewer, guest].flatMap(({ problems }) => problems), []);
});
