// A real server with ports and a folder of its own, and what publishes to it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");

/**
 * Starts a server, which brings the interface along as it was built into `ui/dist`.
 * `SERVER_BIN` names another program than that of `cargo build`; `env` adds to its settings.
 */
export async function startServer({ demo = false, env = {} } = {}) {
  const binary = process.env.SERVER_BIN ?? join(target, "debug/greenroom");
  if (!existsSync(binary)) throw new Error(`no server at ${binary}: cargo build -p greenroom-cli`);
  const home = await mkdtemp(join(tmpdir(), "greenroom-ui-"));
  const [http, rtmp] = await Promise.all([freePort(), freePort()]);
  const url = `http://127.0.0.1:${http}`;

  let child;
  let setupLink = null;
  const run = async () => {
    const args = ["serve", "--data-dir", join(home, "data"), "--http", `127.0.0.1:${http}`];
    args.push("--rtmp", `127.0.0.1:${rtmp}`, "--public-url", url, ...(demo ? ["--demo"] : []));
    child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        said = (said + chunk).slice(-20_000);
        setupLink ??= /\/setup#(gs_[0-9a-f]+)/.exec(said)?.[1] ?? null;
      });
    }
    await until("the server to be ready", async () => {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${said}`);
      return (await fetch(`${url}/readyz`).catch(() => null))?.ok;
    });
  };
  const end = async (signal = "SIGTERM") => {
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  await run();
  const publishers = new Set();
  const page = await (await fetch(url, { headers: { accept: "text/html" } })).text();
  if (!page.includes('id="app"')) throw new Error("the server was built without the interface");

  return {
    url,
    /** The secret of the one-time link. */
    setupToken: () => until("the one-time link", () => setupLink),
    /** Kills the server and starts it again over the same folder. */
    async restart() {
      await end("SIGKILL");
      await run();
    },
    /** Publishes a test picture of 360 lines until it is ended. */
    publish(key, { gop = 60 } = {}) {
      const publisher = startPublisher(`rtmp://127.0.0.1:${rtmp}/live/${key}`, gop);
      publishers.add(publisher);
      return publisher;
    },
    async stop() {
      await Promise.all([...publishers].map((publisher) => publisher.end()));
      await end();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function startPublisher(address, gop) {
  const input = ["-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
  const video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", String(gop), "-b:v", "600k"];
  const args = ["-loglevel", "error", ...input, ...video, "-c:a", "aac", "-b:a", "96k", "-f", "flv", address];
  const child = spawn("ffmpeg", args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    ended,
    /** As if the cable was pulled. */
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Waits until `check` answers something. */
export async function until(what, check, patience = 30_000) {
  const over = Date.now() + patience;
  for (;;) {
    const answer = await check();
    if (answer) return answer;
    if (Date.now() > over) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
