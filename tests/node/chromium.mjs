// Starts a headless Chromium that keeps everything in a folder of its own.
//
// Environment: CHROMIUM (the browser, if it is not in PATH).

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * @param {string} home folder for all that the browser keeps; it goes away with this run
 * @param {string[]} more arguments
 * @returns {Promise<import("playwright-core").BrowserContext>}
 */
export function launch(home, more = []) {
  return chromium.launchPersistentContext(join(home, "profile"), {
    executablePath: process.env.CHROMIUM ?? inPath(BROWSERS),
    headless: true,
    chromiumSandbox: false,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
      "--mute-audio",
      ...more,
    ],
  });
}

function inPath(names) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  throw new Error(`no Chromium in PATH (${names.join(", ")}); set CHROMIUM`);
}
