// The real socket.io-client against the server at argv[2]; every check throws, silence is success.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [url, modules] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/"));
const { io } = require("socket.io-client");

const open = [];
const client = (options) => {
  const socket = io(url, { forceNew: true, reconnectionDelay: 50, ...options });
  open.push(socket);
  return socket;
};
const once = (emitter, event) =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${event} in time`)), 10_000);
    emitter.once(event, (...args) => {
      clearTimeout(late);
      resolve(args);
    });
  });

const transports = {
  "polling only": { transports: ["polling"] },
  "websocket only": { transports: ["websocket"] },
  "polling, then upgraded": { transports: ["polling", "websocket"] },
};

for (const [name, options] of Object.entries(transports)) {
  const socket = client({ ...options, auth: { token: "right" } });
  const upgraded = name.includes("upgraded") && once(socket.io.engine, "upgrade");
  const welcome = once(socket, "welcome");
  await once(socket, "connect");
  assert.deepEqual(await welcome, [{ auth: { token: "right" } }], name);
  if (upgraded) await upgraded;

  // Acknowledgements, and several arguments both ways.
  assert.deepEqual(await socket.timeout(5000).emitWithAck("say", "hello"), { ok: true });
  const echoed = once(socket, "echoed");
  socket.emit("echo", 1, "two", { three: [true, null] });
  assert.deepEqual(await echoed, [1, "two", { three: [true, null] }], name);

  // Text of every kind, and as large as is accepted.
  for (const text of ["žluťoučký 🐎 \u2028 \u0000 \u001f \"\\", "日本語".repeat(1000), "x".repeat(15_000)]) {
    const back = once(socket, "echoed");
    socket.emit("echo", text);
    assert.deepEqual(await back, [text], `${name}: ${text.slice(0, 10)}`);
  }

  // Many at once arrive in order, across the transports.
  const seen = [];
  socket.on("echoed", (n) => seen.push(n));
  for (let n = 0; n < 150; n++) socket.emit("echo", n);
  await socket.timeout(10_000).emitWithAck("echo", 150);
  assert.deepEqual(seen, Array.from({ length: 151 }, (_, n) => n), name);

  // The server ends it, and the client comes back by itself when it breaks.
  const dropped = once(socket, "disconnect");
  const again = once(socket, "connect");
  socket.io.engine.close();
  assert.equal((await dropped)[0], "forced close");
  socket.connect();
  await again;
  const kicked = once(socket, "disconnect");
  socket.emit("kick me");
  assert.equal((await kicked)[0], "io server disconnect", name);
}

// In the middle of an upgrade nothing is lost or doubled.
{
  const socket = client({ transports: ["polling", "websocket"] });
  const seen = [];
  socket.on("echoed", (n) => seen.push(n));
  await once(socket, "connect");
  for (let n = 0; n < 200; n++) {
    socket.emit("echo", n);
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await socket.timeout(10_000).emitWithAck("echo", 200);
  assert.deepEqual(seen, Array.from({ length: 201 }, (_, n) => n));
  assert.equal(socket.io.engine.transport.name, "websocket");
}

// Refused with a reason and data, then let in with better words.
{
  const socket = client({ auth: { token: "wrong" } });
  const [error] = await once(socket, "connect_error");
  assert.equal(error.message, "who are you?");
  assert.deepEqual(error.data, { code: "unauthorized" });
  socket.auth = { token: "right" };
  socket.connect();
  await once(socket, "connect");
}

// Another namespace, binary data and too much data are refused.
{
  const other = io(url + "/admin", { forceNew: true });
  open.push(other);
  assert.equal((await once(other, "connect_error"))[0].message, "Invalid namespace");
  for (const [transport, too] of [["websocket", Buffer.from([1, 2, 3])], ["websocket", "x".repeat(20_000)], ["polling", "x".repeat(20_000)]]) {
    const socket = client({ transports: [transport], reconnection: false });
    await once(socket, "connect");
    const gone = once(socket, "disconnect");
    socket.emit("echo", too);
    await gone;
  }
}

// Two clients in one room, one by polling, one by WebSocket.
{
  const [a, b] = [client({ transports: ["polling"] }), client({ transports: ["websocket"] })];
  await Promise.all([once(a, "connect"), once(b, "connect")]);
  const both = [once(a, "said"), once(b, "said")];
  a.emit("say", "to all");
  assert.deepEqual(await Promise.all(both), [["to all"], ["to all"]]);
}

open.forEach((socket) => socket.close());
