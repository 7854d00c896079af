// Opens the one-time link in a headless Chromium and makes the first administrator by the
// page's form, as a person does: SETUP_LINK, USERNAME and PASSWORD are in the environment.
//
// One line: {"status", "formShown", "address", "complaints": […]} when the server has answered
// the form; {"form": false} when the page shows none; {"failed"} before an exit with status 1.

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
  const password = page.getByLabel(/^password/i);
  const shown = await password.waitFor({ timeout: 10_000 }).then(() => true, () => false);
  let line = { form: false };
  if (shown) {
    await page.getByLabel(/^user ?name/i).fill(USERNAME);
    await password.fill(PASSWORD);
    const answered = page.waitForResponse((response) => response.url().endsWith("/api/v1/setup") && response.request().method() === "POST");
    await page.locator("form button:not([type=button])").click();
    const status = (await answered).status();
    if (status === 201) await password.waitFor({ state: "hidden", timeout: 10_000 }).catch(() => {});
    line = { status, formShown: await password.isVisible(), address: page.url(), complaints };
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ failed: String(error?.message ?? error) })}\n`);
  process.exitCode = 1;
} finally {
  await browser?.close().catch(() => {});
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();
