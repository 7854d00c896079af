// Opens the one-time link in a headless Chromium and makes the first administrator by the
// page's form, as a person does: SETUP_LINK, USERNAME and PASSWORD are in the environment.
//
// One line: {"message", "formHidden", "address", "complaints": […]} when the page has answered,
// or {"failed"} before an exit with status 1.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "./chromium.mjs";

const { SETUP_LINK, USERNAME, PASSWORD } = process.env;
const home = await mkdtemp(join(tmpdir(), "greenroom-setup-"));
let browser;
try {
  browser = await launch(home);
  const page = browser.pages()[0] ?? (await browser.newPage());
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(SETUP_LINK);
  await page.getByLabel("User name").fill(USERNAME);
  await page.getByLabel(/^Password/).fill(PASSWORD);
  const answered = page.waitForResponse((response) => response.url().endsWith("/api/v1/setup"));
  await page.getByRole("button").click();
  await answered;
  const status = page.getByRole("status");
  await status.filter({ hasNotText: "One moment" }).waitFor();
  const line = {
    message: await status.textContent(),
    formHidden: await page.locator("form").isHidden(),
    address: page.url(),
    complaints,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ failed: String(error?.message ?? error) })}\n`);
  process.exitCode = 1;
} finally {
  await browser?.close().catch(() => {});
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();
