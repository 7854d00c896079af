// What every script of clients uses. It plays one scenario (argv[2]) against the server at
// argv[3]. Every check throws; what it prints are orders for the test that runs it ("advance
// 60": move the clock).
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [scenario, address, modules] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/"));
export const url = address;
export const { io } = require("socket.io-client");

export const POLLING = { transports: ["polling"] };
export const WEBSOCKET = { transports: ["websocket"] };

const open = [];

/// A client that remembers all it was told.
export class Client {
  constructor(auth, options = WEBSOCKET) {
    this.told = [];
    this.socket = io(url, { forceNew: true, reconnectionDelay: 20, ...options, auth });
    this.waiting = [];
    const note = (event, data) => {
      this.told.push({ event, data, at: performance.now() });
      this.waiting = this.waiting.filter((look) => !look());
    };
    this.socket.onAny(note);
    for (const event of ["connect", "connect_error", "disconnect"]) {
      this.socket.on(event, (data) => note(event, data));
    }
    open.push(this);
  }

  /// All that it was told by this name.
  all(event) {
    return this.told.filter((it) => it.event === event).map((it) => it.data);
  }

  /// The first that is so, told already or in time.
  async hears(event, so = () => true) {
    const find = () => this.told.find((it) => it.event === event && so(it.data));
    const found = find();
    if (found) return found.data;
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`no such ${event}; told ${JSON.stringify(this.told, null, 1)}`)),
        15_000,
      );
      this.waiting.push(() => {
        const found = find();
        if (found) {
          clearTimeout(late);
          resolve(found.data);
        }
        return Boolean(found);
      });
    });
  }

  async ask(event, payload) {
    return this.socket.timeout(15_000).emitWithAck(event, payload);
  }

  /// Asks for what has to be done.
  async does(event, payload) {
    const answer = await this.ask(event, payload);
    assert.equal(answer.ok, true, `${event}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /// Asks for what has to be refused.
  async fails(event, payload, code) {
    const answer = await this.ask(event, payload);
    const { ok, error } = answer;
    assert.deepEqual({ ok, code: answer.code }, { ok: false, code }, JSON.stringify(answer));
    assert.equal(typeof error, "string");
    assert.equal(typeof answer.details, "object");
    return answer;
  }

  forget() {
    this.told = [];
  }
}

export const client = async (auth, options) => {
  const made = new Client(auth, options);
  await made.hears("session");
  return made;
};

export const rest = async (token, method, path, body) => {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers,
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
};

const obeyed = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const order = async (text) => {
  console.log(text);
  assert.equal((await obeyed.next()).value, "done");
};

/// Moves the server's clock on.
export const advance = (seconds) => order(`advance ${seconds}`);

/// An encoder publishes to somebody's channel.
export const publish = async (token) => {
  const { handle } = await rest(token, "GET", "/me/channel");
  const key = await rest(token, "POST", `/channels/${handle}/keys`, { label: "Encoder" });
  await order(`publish ${key.secret}`);
};

/// The recorder tells how far a recording is: `recording` or `available`.
export const recorded = (id, progress) => order(`recorded ${id} ${progress}`);

/// Plays the scenario that was asked for.
export const play = async (scenarios) => {
  try {
    await scenarios[scenario]();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    for (const { socket } of open) socket.disconnect();
    process.stdin.destroy();
  }
};
