// A bot that lives in a channel's chat, written with the ordinary socket.io-client: it rolls
// dice for whoever asks for "!dice", and goes on where it was when its connection broke.
//
//   TOKEN=<its account's token> node bot.mjs http://localhost:8080 <handle>
//
// The packages are those of tests/node (`npm ci` there).
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/node/package.json", import.meta.url));
const { io } = require("socket.io-client");

const [url, handle] = process.argv.slice(2);
const socket = io(url, { auth: { token: process.env.TOKEN }, transports: ["websocket"] });

// Where it was last: every line of a room has its place.
let place;
let self;

socket.on("session", ({ identity }) => (self = identity));

socket.on("connect", async () => {
  const { ok, chat, error } = await socket.emitWithAck("join-channel", { handle, after: place });
  if (!ok) throw new Error(error);
  place ??= chat.place;
  console.log("listening");
});

socket.on("new-message", async (line) => {
  place = line.place;
  if (line.author.identity === self || line.text !== "!dice") return;
  const message = `${line.author.name} rolls ${1 + Math.floor(Math.random() * 6)}`;
  // Sent again under the same id, it is said once.
  const answer = { handle, message, replyTo: line.seq, clientMessageId: `dice-${line.place}` };
  const { ok, error } = await socket.emitWithAck("send-message", answer);
  if (!ok) console.error(error);
});

socket.on("connect_error", ({ message }) => console.error(message));
