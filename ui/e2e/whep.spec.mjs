// The watch page plays by WHEP where a server offers it: a page of the same browser answers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { person, startBrowser } from "./support/browser.mjs";
import { startServer, until } from "./support/server.mjs";
import { becomeCreator, makeChannel, makeKey, plays, register, setUp } from "./support/steps.mjs";

let server;
let browser;
let creator;
let answerer;
let viewer;

before(async () => {
  server = await startServer();
  // The two pages know each other by their addresses, for nobody here resolves names of one's own.
  browser = await startBrowser(["--disable-features=WebRtcHideLocalIpsWithMdns"]);
  [creator, answerer, viewer] = await Promise.all([1, 2, 3].map(() => person(browser, server.url)));
  await setUp(creator.page, await server.setupToken(), "anna");
  await becomeCreator(creator.page, async () => {
    await creator.page.goto("/admin");
    await creator.page.getByRole("button", { name: /^Approve/ }).click();
    await creator.page.goto("/dashboard");
  });
  await makeChannel(creator.page, "anna", "Two ways");
  server.publish(await makeKey(creator.page, "OBS"));
  await answerer.page.goto("/");
  await answerer.page.evaluate(beginToAnswer);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** In a page: `answer` takes an offer, and sends a moving picture and a tone to whoever made it. */
function beginToAnswer() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const drawing = canvas.getContext("2d");
  let hue = 0;
  setInterval(() => {
    drawing.fillStyle = `hsl(${(hue += 7)} 90% 50%)`;
    drawing.fillRect(0, 0, 320, 180);
  }, 33);
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const heard = sound.createMediaStreamDestination();
  tone.connect(heard);
  tone.start();
  const tracks = [...canvas.captureStream(30).getTracks(), ...heard.stream.getTracks()];
  globalThis.peers = [];
  globalThis.answer = async (sdp) => {
    const peer = new RTCPeerConnection();
    globalThis.peers.push(peer);
    await peer.setRemoteDescription({ type: "offer", sdp });
    for (const track of tracks) peer.addTrack(track);
    await peer.setLocalDescription();
    while (peer.iceGatheringState !== "complete") await new Promise((resolve) => peer.addEventListener("icegatheringstatechange", resolve, { once: true }));
    return peer.localDescription.sdp;
  };
}

/** Offers WHEP to somebody, before everything else, and takes their requests for it. */
async function offer({ context }, respond) {
  const asked = [];
  await context.route("**/playback", async (route) => {
    const response = await route.fetch().catch(() => null);
    if (!response?.ok()) return route.abort().catch(() => {});
    const { addresses } = await response.json();
    await route.fulfill({ response, json: { addresses: [{ kind: "whep", url: "/whep/anna" }, ...addresses] } });
  });
  await context.route("**/whep/**", async (route) => {
    const request = route.request();
    asked.push(request.method());
    if (request.method() === "DELETE") return route.fulfill({ status: 200 });
    assert.equal(request.headers()["content-type"], "application/sdp");
    return respond(route, request.postData());
  });
  return asked;
}

const answered = async (route, sdp) => {
  const body = await answerer.page.evaluate((offered) => globalThis.answer(offered), sdp);
  await route.fulfill({ status: 201, headers: { "content-type": "application/sdp", location: "/whep/anna/sessions/1" }, body });
};

const by = ({ page }) => page.evaluate(() => (document.querySelector("video").srcObject ? "whep" : "hls"));

test("what stands first is played: WHEP, with sound", async () => {
  const asked = await offer(viewer, answered);
  await viewer.page.goto("/anna");
  await plays(viewer.page);
  assert.equal(await by(viewer), "whep");
  const shown = await viewer.page.evaluate(() => {
    const video = document.querySelector("video");
    return { height: video.videoHeight, kinds: video.srcObject.getTracks().map(({ kind }) => kind).sort() };
  });
  assert.deepEqual(shown, { height: 180, kinds: ["audio", "video"] });
  assert.deepEqual(asked, ["POST"]);

  await viewer.page.getByRole("link", { name: "Greenroom" }).first().click();
  await until("a good-bye", () => asked.includes("DELETE"));
});

test("where the connection breaks, the playlist goes on", async () => {
  await viewer.page.goto("/anna");
  await plays(viewer.page);
  assert.equal(await by(viewer), "whep");
  await answerer.page.evaluate(() => globalThis.peers.forEach((peer) => peer.close()));
  await until("the playlist", async () => (await by(viewer)) === "hls");
  await plays(viewer.page);
});

test("where WHEP is refused, too", async () => {
  const { context, page, problems } = await person(browser, server.url);
  const asked = await offer({ context }, (route) => route.fulfill({ status: 503, headers: { "retry-after": "1" } }));
  await page.goto("/anna");
  await plays(page);
  assert.equal(await by({ page }), "hls");
  assert.deepEqual(asked, ["POST"], "it is not tried again and again");
  assert.deepEqual(problems, []);
  await context.close();
});

test("nothing went wrong on any page", () => {
  assert.deepEqual([creator, answerer, viewer].flatMap(({ problems }) => problems), []);
});
