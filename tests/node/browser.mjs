// A headless Chromium for the player scripts: opens one page that plays one
// address, prints what the player shows as JSON lines, ends when stdin closes.
//
// Environment: MEDIA_URL (what to play), CHROMIUM (the browser, if it is not in
// PATH), PLAYER_CONFIG (JSON for the player, optional).
//
// Lines: {"type":"ready"} once the page is open, then every 250 ms
// {"type":"sample", …}, {"type":"console", …} for what the page complains about,
// {"type":"failed", "message"} before an exit with status 1.

import { createServer } from "node:http";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";

const SAMPLE_EVERY_MS = 250;

/**
 * Plays MEDIA_URL on a page and reports until stdin closes.
 *
 * @param {object} player
 * @param {string|null} player.library file under node_modules that the page loads first
 * @param {(video: HTMLVideoElement, url: string, config: object) => object} player.start
 *   runs in the page and starts playing; returns functions: `sample()` (more fields for a sample) and
 *   `errors()` (errors since the last call, each with `fatal`)
 */
export async function play({ library, start }) {
  const url = required("MEDIA_URL");
  const config = JSON.parse(process.env.PLAYER_CONFIG ?? "{}");
  const home = await mkdtemp(join(tmpdir(), "greenroom-player-"));
  const server = await servePage(library, start, url, config);
  let browser;
  try {
    browser = await launch(home);
    const page = browser.pages()[0] ?? (await browser.newPage());
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        print({ type: "console", level: message.type(), text: message.text() });
      }
    });
    page.on("pageerror", (error) => print({ type: "console", level: "error", text: String(error) }));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    print({ type: "ready" });
    await sampleUntil(page, stdinClosed());
  } catch (error) {
    print({ type: "failed", message: String(error?.message ?? error) });
    process.exitCode = 1;
  } finally {
    await browser?.close().catch(() => {});
    server.closeAllConnections();
    server.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
  process.exit();
}

async function sampleUntil(page, ended) {
  let running = true;
  ended.then(() => {
    running = false;
  });
  while (running) {
    const sample = await page.evaluate(() => window.sample());
    print({ type: "sample", ...sample });
    await Promise.race([ended, new Promise((resume) => setTimeout(resume, SAMPLE_EVERY_MS))]);
  }
}

// The page has its own origin, as the page of an embedding site has: the media
// server must allow it by CORS.
function servePage(library, start, url, config) {
  const script = `
    const video = document.querySelector("video");
    const player = (${start})(video, ${JSON.stringify(url)}, ${JSON.stringify(config)});
    window.sample = () => {
      const quality = video.getVideoPlaybackQuality();
      const ranges = (times) => Array.from({ length: times.length }, (_, i) => [times.start(i), times.end(i)]);
      return {
        currentTime: video.currentTime,
        duration: Number.isFinite(video.duration) ? video.duration : null,
        decodedFrames: quality.totalVideoFrames,
        droppedFrames: quality.droppedVideoFrames,
        decodedAudioBytes: video.webkitAudioDecodedByteCount ?? null,
        width: video.videoWidth,
        height: video.videoHeight,
        buffered: ranges(video.buffered),
        seekable: ranges(video.seekable),
        state: video.error ? "error" : video.ended ? "ended" : video.paused ? "paused"
          : video.readyState >= 3 ? "playing" : "waiting",
        readyState: video.readyState,
        errors: player.errors(),
        ...player.sample(),
      };
    };
  `;
  const html = `<!doctype html><meta charset="utf-8"><title>player</title>
    <video muted playsinline style="width:320px"></video>
    ${library ? '<script src="/library.js"></script>' : ""}
    <script>${script.replaceAll("</", "<\\/")}</script>`;
  const server = createServer(async (request, response) => {
    if (request.url === "/") {
      response.setHeader("content-type", "text/html");
      response.end(html);
    } else if (request.url === "/library.js" && library) {
      response.setHeader("content-type", "text/javascript");
      response.end(await readFile(fileURLToPath(new URL(`node_modules/${library}`, import.meta.url))));
    } else {
      response.statusCode = request.url === "/favicon.ico" ? 204 : 404;
      response.end();
    }
  });
  return new Promise((listening, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => listening(server));
  });
}

function stdinClosed() {
  return new Promise((closed) => {
    process.stdin.once("end", closed).once("close", closed).resume();
  });
}

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(2);
  }
  return value;
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
