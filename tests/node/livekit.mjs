// A headless Chromium with a camera and a microphone of its own making, for LiveKit's rooms. Takes
// commands as JSON lines, each for a page of its own by name, and answers each with one line.
//
//   {"id":1,"page":"kim","do":"publish","url":"ws://…","token":"…"}   by livekit-client
//   {"id":2,"page":"kim","do":"whip","url":"http://…","token":"…"}    by WHIP (RFC 9725)
//   {"id":3,"page":"ada","do":"watch","url":"ws://…","token":"…"}
//   {"id":4,"page":"ada","do":"state"}
//   {"id":5,"page":"ada","do":"close"}
//   {"id":6,"page":"eve","do":"visit","url":"http://…"}   Greenroom's own page; then "state"
//
// Environment: CHROMIUM (the browser, if it is not in PATH).

import { createServer } from "node:http";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";

const LIBRARY = new URL("node_modules/livekit-client/dist/livekit-client.umd.js", import.meta.url);

const PAGE = `<!doctype html><meta charset="utf-8"><title>room</title>
  <video muted autoplay playsinline style="width:320px"></video>
  <script src="/library.js"></script>
  <script>
    const { Room, RoomEvent } = LivekitClient;
    const video = document.querySelector("video");
    const data = [];
    let room = null, peer = null, why = null, whip = null;

    async function enter(url, token) {
      room = new Room();
      room.on(RoomEvent.TrackSubscribed, (track) => track.kind === "video" && track.attach(video));
      room.on(RoomEvent.DataReceived, (bytes) => data.push(new TextDecoder().decode(bytes)));
      room.on(RoomEvent.Disconnected, (reason) => { why = reason ?? -1; });
      await room.connect(url, token);
    }

    window.commands = {
      async publish({ url, token }) {
        await enter(url, token);
        await room.localParticipant.enableCameraAndMicrophone();
      },
      async watch({ url, token }) {
        await enter(url, token);
      },
      async whip({ url, token }) {
        const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
        peer = new RTCPeerConnection();
        for (const track of media.getTracks()) peer.addTransceiver(track, { direction: "sendonly", streams: [media] });
        await peer.setLocalDescription();
        await new Promise((done) => {
          if (peer.iceGatheringState === "complete") return done();
          peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
        });
        const headers = { authorization: "Bearer " + token, "content-type": "application/sdp" };
        const answer = await fetch(url, { method: "POST", headers, body: peer.localDescription.sdp });
        if (!answer.ok) throw new Error(answer.status + " " + (await answer.text()));
        whip = answer.headers.get("location");
        await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
      },
      async state() {
        return {
          room: room?.state ?? null,
          identity: room?.localParticipant.identity ?? null,
          ice: peer?.iceConnectionState ?? null,
          frames: video.getVideoPlaybackQuality().totalVideoFrames,
          data, why, whip,
        };
      },
      async close() {
        await room?.disconnect();
        peer?.close();
      },
    };
  </script>`;

const home = await mkdtemp(join(tmpdir(), "greenroom-livekit-"));
const server = createServer(async (request, response) => {
  if (request.url === "/") {
    response.setHeader("content-type", "text/html");
    response.end(PAGE);
  } else if (request.url === "/library.js") {
    response.setHeader("content-type", "text/javascript");
    response.end(await readFile(fileURLToPath(LIBRARY)));
  } else {
    response.statusCode = 204;
    response.end();
  }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const browser = await launch(home, [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
]);
const pages = new Map();

async function pageOf(name) {
  let page = pages.get(name);
  if (!page) {
    page = await browser.newPage();
    pages.set(name, page);
    page.on("pageerror", (error) => console.error(`${name}: ${error}`));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
  }
  return page;
}

async function carryOut(command) {
  const page = await pageOf(command.page);
  if (command.do === "visit") {
    await page.goto(command.url);
    return {};
  }
  if (!(await page.evaluate(() => "commands" in window))) {
    return page.evaluate(() => {
      const video = document.querySelector("video");
      return { frames: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0, text: document.body.innerText };
    });
  }
  const answer = await page.evaluate((it) => window.commands[it.do](it), command);
  if (command.do === "close") {
    pages.delete(command.page);
    await page.close();
  }
  return answer ?? {};
}

print({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  carryOut(command).then(
    (answer) => print({ id: command.id, ...answer }),
    (error) => print({ id: command.id, error: String(error?.message ?? error) }),
  );
}
await browser.close().catch(() => {});
server.closeAllConnections();
server.close();
await rm(home, { recursive: true, force: true, maxRetries: 5 });
process.exit();

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
