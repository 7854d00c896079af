// Recordings as the dashboard shows them: a real server, and a recorder that is played by the test.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { barriers, person, startBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";
import { becomeCreator, makeChannel, makeKey, register, setUp } from "./support/steps.mjs";

let server;
let browser;
let admin;
let creator;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  [admin, creator] = await Promise.all([1, 2].map(() => person(browser, server.url)));
  await setUp(admin.page, await server.setupToken(), "root");
  await register(creator.page, "anna");
  await becomeCreator(creator.page, async () => {
    await admin.page.goto("/admin");
    await admin.page.getByRole("button", { name: /^Approve/ }).click();
  });
  await makeChannel(creator.page, "anna", "Live");
  server.publish(await makeKey(creator.page, "OBS"));
  await creator.page.getByRole("tab", { name: "Stream", exact: true }).click();
  await creator.page.getByTestId("air").filter({ hasText: "LIVE" }).waitFor();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Answers in the place of a server that has a recorder. */
async function playRecorder(page) {
  const recordings = [];
  let trouble = null;
  const answer = (route, status, json) => route.fulfill({ status, json });
  await page.route("**/api/v1/me/channel", async (route) => {
    const response = await route.fetch();
    const channel = await response.json();
    await route.fulfill({ response, json: { ...channel, ingest: { ...channel.ingest, recordable: true } } });
  });
  await page.route("**/api/v1/streams/*/recordings*", (route) => {
    if (route.request().method() === "GET") return answer(route, 200, { items: recordings, next_cursor: null });
    if (trouble) return answer(route, trouble.status, { error: trouble.error, code: trouble.code, details: {} });
    const recording = {
      id: String(recordings.length + 1),
      state: "starting",
      created_at: new Date().toISOString(),
      limit_reached: false,
    };
    recordings.unshift(recording);
    return answer(route, 201, recording);
  });
  await page.route("**/api/v1/recordings/*/stop", (route) => {
    recordings[0].state = "processing";
    return answer(route, 200, recordings[0]);
  });
  return {
    become: (more) => Object.assign(recordings[0], more),
    fail: (with_) => (trouble = with_),
  };
}

test("without a recorder nothing of recordings is shown", async () => {
  assert.equal(await creator.page.getByText("Recordings", { exact: true }).count(), 0);
});

test("a stream is recorded, stopped, made ready and listed", async () => {
  const { page } = creator;
  const recorder = await playRecorder(page);
  await page.reload();
  const region = page.getByRole("region", { name: "Recordings" });
  await region.getByText("Nothing of this stream was recorded yet.").waitFor();

  recorder.fail({ status: 503, code: "BUSY", error: "the recorder has too much to do" });
  await region.getByRole("button", { name: "Record" }).click();
  await region.getByRole("alert").getByText("The recorder has too much to do.").waitFor();
  recorder.fail(null);
  await region.getByRole("button", { name: "Record" }).click();
  await region.getByText("The recording is starting.").waitFor();
  assert.equal(await region.getByRole("alert").count(), 0);

  recorder.become({ state: "recording", started_at: new Date(Date.now() - 61_000).toISOString() });
  await region.getByTestId("recording").getByText(/^REC 1:0\d$/).waitFor();
  await region.getByText("What you send is recorded.").waitFor();
  assert.deepEqual(await barriers(page), []);

  await region.getByRole("button", { name: "Stop recording" }).click();
  const item = region.getByRole("listitem");
  await item.getByText("Being made ready…").waitFor();
  await region.getByRole("button", { name: "Record", exact: true }).waitFor();
  recorder.become({ state: "available", duration_ms: 65_000, size: 15_000_000, location: "anna/1.mp4" });
  await item.getByText("Ready", { exact: true }).waitFor();
  for (const text of ["1:05", "15 MB", "anna/1.mp4"]) await item.getByText(text, { exact: true }).waitFor();

  await region.getByRole("button", { name: "Record" }).click();
  recorder.become({ state: "failed", error: "RECORDER_FAILED" });
  await item.getByText("Failed: the recorder could not do it").waitFor();
  assert.equal(await item.count(), 2);
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(creator.problems, []);
});
