// Chat clients as an application writes them: the real socket.io-client, told what to do by
// JSON lines. One process holds as many clients as a test wants.
//
// Environment: SERVER_URL.
//
// Orders, one a line; `client` names one, `id` is answered by {"id", "answer"} or {"id", "error"}:
//   {"do":"connect", "client", "id", "transports", "auth"}   answered by the event `session`
//   {"do":"ask", "client", "id", "event", "payload"}         an event with its acknowledgement
//   {"do":"follow", "client", "id", "event", "payload"}      joins a room, now and after every
//                                                            reconnection with the last place
//   {"do":"post", "client", "id", "payload"}                 sends a message until it is answered
//   {"do":"disconnect" | "reconnect", "client", "id"}
// Each event of a client is a line: {"client", "event", "data"}.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const ANSWER_LIMIT_MS = 2_000;

const clients = new Map();

class Client {
  constructor(name, { transports, auth }) {
    this.name = name;
    this.guest = auth?.guest;
    this.place = null;
    this.following = null;
    this.posted = Promise.resolve();
    this.socket = io(process.env.SERVER_URL, {
      forceNew: true,
      transports,
      reconnectionDelay: 50,
      reconnectionDelayMax: 300,
      // A guest stays the same person by what the server told them.
      auth: (give) => give({ ...auth, guest: this.guest ?? undefined }),
    });
    this.socket.onAny((event, data) => {
      if (event === "session" && data.guest) this.guest = data.guest;
      if (data?.place) this.place = data.place;
      print({ client: name, event, data });
    });
    for (const event of ["connect", "disconnect", "connect_error"]) {
      this.socket.on(event, (data) => print({ client: name, event, data: String(data ?? "") }));
    }
    this.socket.on("connect", () => this.#rejoin());
  }

  /** Resolves with the first event of this name from now on. */
  once(event) {
    return new Promise((resolve) => this.socket.once(event, resolve));
  }

  ask(event, payload) {
    return this.socket.timeout(20_000).emitWithAck(event, payload);
  }

  async follow(event, payload) {
    const answer = await this.ask(event, payload);
    this.following = { event, payload };
    this.place ??= answer.chat?.place;
    return answer;
  }

  async #rejoin() {
    if (!this.following) return;
    const { event, payload } = this.following;
    const { place } = this;
    try {
      const answer = await this.ask(event, { ...payload, after: place });
      print({ client: this.name, event: "rejoined", data: { after: place, ...answer } });
    } catch {
      // Cut off again: the next connection joins.
    }
  }

  /** One after the other, as a person writes. */
  post(payload) {
    const posted = this.posted.then(() => this.#postOne(payload));
    this.posted = posted;
    return posted;
  }

  /** Sent again under the same client message id until the server has answered. */
  async #postOne(payload) {
    for (let tries = 1; ; tries += 1) {
      try {
        const limited = this.socket.timeout(ANSWER_LIMIT_MS);
        const answer = await limited.emitWithAck("send-message", payload);
        // Too fast, or the store is away for a moment: it is said when to try again.
        if (answer.ok || !answer.details?.retry_after_ms) return { ...answer, tries };
        await sleep(answer.details.retry_after_ms);
      } catch {
        if (!this.socket.connected) await this.once("connect");
      }
    }
  }
}

async function carryOut({ do: what, client: name, event, payload, ...more }) {
  if (what === "connect") {
    const client = new Client(name, more);
    clients.set(name, client);
    return client.once("session");
  }
  const client = clients.get(name);
  switch (what) {
    case "ask":
      return client.ask(event, payload);
    case "follow":
      return client.follow(event, payload);
    case "post":
      return client.post(payload);
    case "disconnect":
      client.socket.disconnect();
      return null;
    case "reconnect": {
      const session = client.once("session");
      client.socket.connect();
      return session;
    }
    default:
      throw new Error(`there is no order "${what}"`);
  }
}

function sleep(ms) {
  return new Promise((resume) => setTimeout(resume, ms));
}

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line);
  // Orders go on side by side, as people do.
  carryOut(order)
    .then((answer) => print({ id, answer: answer ?? null }))
    .catch((error) => print({ id, error: String(error?.message ?? error) }));
}
for (const { socket } of clients.values()) socket.disconnect();
process.exit();
