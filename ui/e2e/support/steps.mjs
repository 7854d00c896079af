// What people do on pages, step by step.

import { until } from "./server.mjs";

export const PASSWORD = "correct horse battery";

/** Makes an account on the page of that name. */
export async function register(page, username, displayName = "") {
  await page.goto("/register");
  await page.getByLabel("User name").fill(username);
  if (displayName) await page.getByLabel("Display name").fill(displayName);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByRole("button", { name: /^Account:/ }).waitFor();
}

/** Uses up the one-time link. */
export async function setUp(page, token, username) {
  await page.goto(`/setup#${token}`);
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the administrator" }).click();
  await page.getByRole("heading", { name: "Administration" }).waitFor();
}

/** Asks to be a creator; where that needs an administrator, `approve` is called. */
export async function becomeCreator(page, approve) {
  await page.goto("/dashboard");
  await page.getByRole("button", { name: "Become a creator" }).click();
  const waiting = page.getByText("You are waiting for approval");
  const ready = page.getByRole("heading", { name: "Make your channel" });
  await waiting.or(ready).first().waitFor();
  if (await waiting.isVisible()) await approve();
  await ready.waitFor();
}

export async function makeChannel(page, handle, title) {
  await page.getByLabel("Handle").fill(handle);
  await page.getByLabel("Title of your streams").fill(title);
  await page.getByRole("button", { name: "Make the channel" }).click();
  await page.getByRole("tab", { name: "Stream keys" }).waitFor();
}

/** Makes a key, and reads it as its owner does. */
export async function makeKey(page, label) {
  await page.getByRole("tab", { name: "Stream keys" }).click();
  await page.getByLabel("Label of the new key").fill(label);
  await page.getByRole("button", { name: "Make a key" }).click();
  return page.getByLabel(`Key for ${label}`, { exact: true }).inputValue();
}

export async function say(page, text) {
  const input = page.getByRole("textbox", { name: "Message" });
  await input.fill(text);
  await input.press("Enter");
}

/** A message as it stands in the chat, taken by the server. */
export function heard(page, text) {
  return page.locator(".message:not(.waiting):not(.failed) .text", { hasText: text });
}

/** What the player has shown so far. */
export function pictures(page) {
  return page.evaluate(() => {
    const video = document.querySelector("video");
    return {
      time: video.currentTime,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      height: video.videoHeight,
      paused: video.paused,
    };
  });
}

/** Waits until the player shows more than it did. */
export async function plays(page, patience = 30_000) {
  await page.locator("video").waitFor();
  const before = await pictures(page);
  await until(
    "pictures that move",
    async () => {
      const now = await pictures(page);
      // A new beginning counts from nothing.
      const frames = now.frames < before.frames ? now.frames : now.frames - before.frames;
      return now.time !== before.time && frames > 20 && now;
    },
    patience,
  );
}
