// A real LiveKit server: the program that LIVEKIT_SERVER names.

import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, until } from "./server.mjs";

const KEY = "greenroom";
const SECRET = "a-secret-of-more-than-32-characters";

/** What a Greenroom needs to know of the LiveKit at this port. */
export function settings(port) {
  return {
    GREENROOM_MEDIA: "livekit",
    GREENROOM_LIVEKIT__URL: `ws://127.0.0.1:${port}`,
    GREENROOM_LIVEKIT__API_KEY: KEY,
    GREENROOM_LIVEKIT__API_SECRET: SECRET,
  };
}

/** A token of this server's as it is once its time is over. */
export function expired(token) {
  const [head, claims] = token.split(".");
  const was = JSON.parse(Buffer.from(claims, "base64url"));
  const past = Math.floor(Date.now() / 1000) - 3600;
  const body = `${head}.${Buffer.from(JSON.stringify({ ...was, nbf: past - 600, exp: past })).toString("base64url")}`;
  return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}

/** Starts one at this port that tells the Greenroom at `url`. */
export async function startLiveKit(port, url) {
  const home = await mkdtemp(join(tmpdir(), "greenroom-livekit-"));
  const config = {
    port,
    bind_addresses: ["127.0.0.1"],
    rtc: {
      tcp_port: await freePort(),
      udp_port: await freePort(),
      node_ip: "127.0.0.1",
      use_external_ip: false,
      enable_loopback_candidate: true,
    },
    keys: { [KEY]: SECRET },
    room: { auto_create: false },
    webhook: { api_key: KEY, urls: [`${url}/api/v1/webhooks/livekit`] },
  };
  const file = join(home, "livekit.yaml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config));
  let child;
  const run = async () => {
    child = spawn(process.env.LIVEKIT_SERVER, ["--config", file], { stdio: "ignore" });
    await until("LiveKit to answer", () => {
      if (child.exitCode !== null) throw new Error("LiveKit ended");
      return answers(port);
    });
  };
  const kill = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  };
  await run();
  return {
    kill,
    restart: run,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) await kill();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
