// Plays the clients of one scenario (argv[2]) against the server at argv[3]. Every check
// throws; what it prints are orders for the test that runs it ("advance 60": move the clock).
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [scenario, url, modules] = process.argv.slice(2);
const require = createRequire(pathToFileURL(modules + "/"));
const { createClient } = require("graphql-ws");
const { io } = require("socket.io-client");
const WebSocket = require("ws");

const address = `${url.replace("http", "ws")}/graphql`;
const open = [];

const CHAT = `subscription Chat($handle: String!, $after: String) {
  chat(handle: $handle, after: $after) {
    __typename
    ... on ChatJoined { place resync settings { maxLength } }
    ... on ChatTyping { name active }
    ... on ChatReactions { counts { reaction count } }
    ... on ChatLine {
      place
      seq
      body {
        __typename
        ... on ChatMessage { text author { name badges } }
        ... on ChatterRestricted { subject kind reason }
        ... on MessagePinned { target }
        ... on RoleChanged { role }
      }
    }
  }
}`;

/// A client, signed in by a token or a guest.
function client(token, more = {}) {
  const made = createClient({
    url: address,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 20,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    connectionParams: token ? { authorization: `Bearer ${token}` } : {},
    onNonLazyError: () => {},
    ...more,
  });
  open.push(made);
  return made;
}

/// Remembers what a subscription was told, and waits for more of it.
class Told {
  constructor(of, query, variables) {
    this.data = [];
    this.waiting = [];
    const look = () => {
      this.waiting = this.waiting.filter((it) => !it());
    };
    this.stop = of.subscribe(
      { query, variables },
      {
        next: (it) => {
          if (it.errors) this.errors = it.errors;
          else this.note(it.data[Object.keys(it.data)[0]], variables);
          look();
        },
        error: (error) => {
          this.error = error;
          look();
        },
        complete: () => {
          this.over = true;
          look();
        },
      },
    );
  }

  /// The client subscribes again by itself where a connection breaks, with what its variables
  /// say then: so it goes on behind the last place.
  note(event, variables) {
    this.data.push(event);
    if (variables?.handle && event.place) variables.after = event.place;
  }

  async until(so, what) {
    if (so(this)) return this;
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`never ${what}: ${JSON.stringify(this.data)} ${this.error}`)),
        15_000,
      );
      this.waiting.push(() => {
        if (!so(this)) return false;
        clearTimeout(late);
        resolve(this);
        return true;
      });
    });
  }

  joined() {
    return this.until((it) => it.data.some((event) => event.__typename === "ChatJoined"), "joined");
  }

  texts() {
    return this.data.map((event) => event.body?.text).filter(Boolean);
  }
}

async function ask(of, query, variables) {
  const told = new Told(of, query, variables);
  await told.until((it) => it.over || it.error || it.errors, "answered");
  return told;
}

async function does(of, query, variables) {
  const told = await ask(of, query, variables);
  assert.deepEqual([told.error, told.errors], [undefined, undefined], query);
  return told.data[0];
}

async function post(of, text) {
  const query = `mutation ($text: String!) {
    postMessage(handle: "ada", text: $text) { repeated line { place } }
  }`;
  for (;;) {
    const told = await ask(of, query, { text });
    const code = told.error?.[0].extensions.code;
    if (code !== "TOO_MANY_REQUESTS") return told.data[0].line.place;
    // So many at once are for tests alone.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function channel() {
  const owner = client("owner");
  await does(owner, `mutation { createChannel(handle: "ada", title: "Making") { id } }`);
  return owner;
}

const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function advance(seconds) {
  console.log(`advance ${seconds}`);
  await orders.next();
}

/// A WebSocket without a client: what it is sent, and how it is closed.
function raw(headers = {}, protocol = "graphql-transport-ws") {
  const socket = new WebSocket(address, protocol, { headers });
  const closed = new Promise((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    socket.on("unexpected-response", (_, response) => resolve({ status: response.statusCode }));
    socket.on("error", () => {});
  });
  const opened = new Promise((resolve) => socket.on("open", resolve));
  return { socket, closed, opened };
}

/// Says this, in order, and waits for the end.
async function said(...messages) {
  const { socket, closed, opened } = raw();
  await opened;
  for (const message of messages) {
    socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }
  return (await closed).code;
}

const INIT = { type: "connection_init" };
const LOOK = { type: "subscribe", id: "1", payload: { query: "{ setupOpen }" } };

const scenarios = {
  async chat() {
    const owner = await channel();
    const [one, two] = [client(), client("bob")];
    const listeners = [one, two, owner, two].map((of) => new Told(of, CHAT, { handle: "ada" }));
    for (const told of listeners) await told.joined();
    assert.equal(listeners[0].data[0].resync, false);
    for (let n = 0; n < 50; n += 1) await post(n % 2 ? owner : two, `line ${n}`);
    const all = Array.from({ length: 50 }, (_, n) => `line ${n}`);
    for (const told of listeners) {
      await told.until((it) => it.texts().length >= 50, "fifty");
      assert.deepEqual(told.texts(), all);
    }
    // The same query, and other rights.
    const timeOut = `mutation { timeOut(handle: "ada", subject: "guest:0194c3a5-0000-7000-8000-000000000001", seconds: 60, reason: "secret") { subject } }`;
    await does(owner, timeOut);
    for (const told of listeners) {
      const is = (event) => event.body?.__typename === "ChatterRestricted";
      await told.until((it) => it.data.some(is), "restricted");
      const { reason } = told.data.find(is).body;
      assert.equal(reason, told === listeners[2] ? "secret" : null);
    }
    await does(two, `mutation { setTyping(handle: "ada", active: true) }`);
    await listeners[0].until((it) => it.data.some((event) => event.active), "typing");
    // Whoever has completed hears no more, and the others do.
    listeners[3].stop();
    await does(two, `{ setupOpen }`);
    await post(owner, "after");
    await listeners[1].until((it) => it.texts().includes("after"), "after");
    assert.ok(!listeners[3].texts().includes("after"));
    const none = await ask(one, CHAT, { handle: "nobody" });
    assert.equal(none.error[0].extensions.code, "CHANNEL_NOT_FOUND");
    const wrong = await ask(one, `subscription { chat(handle: "ada") { nothing } }`);
    assert.equal(wrong.error[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
  },

  async resume() {
    const owner = await channel();
    const sockets = [];
    class Remembered extends WebSocket {
      constructor(...given) {
        super(...given);
        sockets.push(this);
      }
    }
    const guest = client(undefined, { webSocketImpl: Remembered });
    const told = new Told(guest, CHAT, { handle: "ada" });
    await told.joined();
    const all = [];
    for (let n = 0; n < 30; n += 1) {
      all.push(`line ${n}`);
      await post(owner, `line ${n}`);
      if (n % 10 !== 5) continue;
      await told.until((it) => it.texts().length > n - 3, "most of it");
      sockets.at(-1).terminate();
    }
    await told.until((it) => it.texts().includes("line 29"), "the last");
    assert.deepEqual(told.texts(), all);
    assert.ok(sockets.length > 1, "it came back");
    // A place that never was cannot be gone on from.
    const lost = new Told(guest, CHAT, { handle: "ada", after: "0:999999" });
    await lost.joined();
    assert.equal(lost.data[0].resync, true);
    const nonsense = await ask(guest, CHAT, { handle: "ada", after: "nonsense" });
    assert.equal(nonsense.error[0].extensions.code, "MALFORMED_QUERY");
  },

  async ban() {
    const owner = await channel();
    const bob = client("bob");
    const [told, other] = [bob, owner].map((of) => new Told(of, CHAT, { handle: "ada" }));
    await told.joined();
    await other.joined();
    await post(bob, "hi");
    const { user } = await does(bob, `{ me { user { identity } } }`);
    const ban = `mutation ($who: String!) { ban(handle: "ada", subject: $who) { kind } }`;
    await does(owner, ban, { who: user.identity });
    const banned = performance.now();
    await told.until((it) => it.error, "ended");
    assert.ok(performance.now() - banned < 1000, "within a second");
    assert.equal(told.error[0].extensions.code, "FORBIDDEN");
    await post(owner, "they are gone");
    await other.until((it) => it.texts().includes("they are gone"), "gone");
    assert.ok(!told.texts().includes("they are gone"));
    // The connection is there for other things.
    await does(bob, `{ me { role } }`);
    const again = await ask(bob, CHAT, { handle: "ada" });
    assert.equal(again.error[0].extensions.code, "FORBIDDEN");
  },

  async block() {
    const owner = await channel();
    const bob = client("bob");
    const told = new Told(bob, CHAT, { handle: "ada" });
    await told.joined();
    const { user } = await does(bob, `{ me { user { username } } }`);
    const block = `mutation ($who: String!) { block(username: $who) { since } }`;
    await does(owner, block, { who: user.username });
    const blocked = performance.now();
    await told.until((it) => it.error, "ended");
    assert.ok(performance.now() - blocked < 1000, "within a second");
    assert.equal(told.error[0].extensions.code, "FORBIDDEN");
    const again = await ask(bob, CHAT, { handle: "ada" });
    assert.equal(again.error[0].extensions.code, "FORBIDDEN");
    await does(owner, `mutation ($who: String!) { unblock(username: $who) }`, {
      who: user.username,
    });
    await new Told(bob, CHAT, { handle: "ada" }).joined();
  },

  async roles() {
    const owner = await channel();
    const bob = client("bob");
    const { user } = await does(bob, `{ me { user { username } } }`);
    const who = user.username;
    const guest = client();
    await post(guest, "spam");
    const { chat } = await does(
      owner,
      `{ channel(handle: "ada") { chat { lines { edges { node { body { __typename
        ... on ChatMessage { author { identity } } } } } } } } }`,
    );
    const subject = chat.lines.edges[0].node.body.author.identity;
    const ban = `mutation ($subject: String!, $reason: String!) {
      ban(handle: "ada", subject: $subject, reason: $reason) { kind } }`;
    const reasons = (told) => told.data.map((event) => event.body?.reason).filter(Boolean);
    const bans = (told) =>
      told.data.filter((event) => event.body?.__typename === "ChatterRestricted").length;

    // A viewer sees no reason, and is told when they are to see one.
    const viewer = new Told(bob, CHAT, { handle: "ada" });
    await viewer.joined();
    await does(owner, ban, { subject, reason: "first" });
    await viewer.until((it) => bans(it) === 1, "the ban");
    await does(owner, `mutation ($who: String!) {
      appoint(handle: "ada", username: $who, role: MODERATOR) { role } }`, { who });
    await viewer.until((it) => it.error, "ended");
    assert.equal(viewer.error[0].extensions.code, "ROLE_CHANGED");
    assert.deepEqual(reasons(viewer), []);
    const { place } = viewer.error[0].extensions.details;
    assert.equal(place, viewer.data.at(-1).place);

    // As a moderator they do, from that place on; and no more once they are none.
    const moderator = new Told(bob, CHAT, { handle: "ada", after: place });
    await moderator.joined();
    await does(owner, ban, { subject, reason: "second" });
    await moderator.until((it) => bans(it) === 1, "the ban");
    assert.deepEqual(reasons(moderator), ["second"]);
    await does(owner, `mutation ($who: String!) { dismiss(handle: "ada", username: $who) }`, {
      who,
    });
    await does(owner, ban, { subject, reason: "third" });
    await moderator.until((it) => it.error, "ended");
    assert.equal(moderator.error[0].extensions.code, "ROLE_CHANGED");
    const after = moderator.error[0].extensions.details.place;
    const last = new Told(bob, CHAT, { handle: "ada", after });
    await last.until((it) => bans(it) === 1, "the ban");
    assert.deepEqual([reasons(moderator), reasons(last)], [["second"], []]);

    // A VIP sees what everybody sees: nothing ends.
    await does(owner, `mutation ($who: String!) {
      appoint(handle: "ada", username: $who, role: VIP) { role } }`, { who });
    await post(owner, "still here");
    await last.until((it) => it.texts().includes("still here"), "goes on");
    assert.equal(last.error, undefined);
  },

  async reactions() {
    const owner = await channel();
    const guest = client();
    const told = new Told(guest, CHAT, { handle: "ada" });
    await told.joined();
    const react = `mutation ($with: String!) { react(handle: "ada", reaction: $with) }`;
    await does(owner, react, { with: ":tada:" });
    await does(guest, react, { with: "🎉" });
    const counted = (it) =>
      it.data
        .flatMap((event) => event.counts ?? [])
        .filter(({ reaction }) => reaction === "🎉")
        .reduce((sum, { count }) => sum + count, 0);
    await told.until((it) => counted(it) === 2, "two reactions");
    await post(owner, "remember this");
    const { seq } = told.data.find((event) => event.body?.text === "remember this") ??
      (await told.until((it) => it.texts().length === 1, "said")).data.at(-1);
    await does(owner, `mutation ($seq: Int!) { pinMessage(handle: "ada", seq: $seq) }`, { seq });
    await told.until((it) => it.data.at(-1).body?.target === seq, "pinned");
  },

  async streams() {
    const owner = await channel();
    const guest = client();
    const STATE = `subscription { streamState(handle: "ada") { seq body { __typename
      ... on StreamStarted { streamId title } ... on StreamEnded { reason } } } }`;
    const state = new Told(guest, STATE);
    const viewers = new Told(guest, `subscription { viewers(handle: "ada") { streamId viewers } }`);
    // Both are there once the server has answered what came behind them.
    await new Told(guest, CHAT, { handle: "ada" }).joined();
    const { id } = await does(owner, `mutation { createStream(handle: "ada", title: "Now") { id } }`);
    await does(owner, `mutation ($id: ID!) { startStream(id: $id) { status } }`, { id });
    await state.until((it) => it.data.length === 1, "started");
    assert.deepEqual(state.data[0].body, { __typename: "StreamStarted", streamId: id, title: "Now" });
    const streamId = Buffer.from(id, "base64url").toString().split(":")[1];
    const viewer = io(url, { transports: ["websocket"], forceNew: true });
    await viewer.timeout(15_000).emitWithAck("join-stream", { streamId });
    await viewers.until((it) => it.data.at(-1)?.viewers === 1, "one viewer");
    viewer.disconnect();
    await viewers.until((it) => it.data.at(-1)?.viewers === 0, "no viewer");
    assert.equal(viewers.data[0].streamId, id);
    await post(owner, "no state");
    await does(owner, `mutation ($id: ID!) { endStream(id: $id) { status } }`, { id });
    await state.until((it) => it.data.length === 2, "ended");
    assert.deepEqual(state.data[1].body, { __typename: "StreamEnded", reason: "OWNER_ENDED" });
  },

  async notifications() {
    const owner = await channel();
    const bob = client("bob");
    const { user } = await does(bob, `{ me { user { identity username } } }`);
    await does(bob, `mutation { follow(handle: "ada") { following } }`);
    const OWN = `subscription { notifications {
      at
      channel { handle live { title } }
      what {
        __typename
        ... on ChannelWentLive { streamId title }
        ... on ChatMention { line { body { ... on ChatMessage { text author { name } } } } }
        ... on OwnRestriction { kind until }
        ... on OwnRole { role }
      }
    } }`;
    const refused = await ask(client(), OWN);
    assert.equal(refused.error[0].extensions.code, "SIGN_IN_FIRST");
    const [told, herself] = [bob, owner].map((of) => new Told(of, OWN));
    const connect = (auth, more) =>
      io(url, { auth, transports: ["websocket"], forceNew: true, ...more });
    const heard = [];
    const socket = connect({ token: "bob" });
    socket.on("notification", (it) => heard.push(it));
    const guest = connect({});
    guest.on("notification", (it) => assert.fail(JSON.stringify(it)));
    const connected = (of) => new Promise((resolve) => of.on("session", resolve));
    await Promise.all([connected(socket), connected(guest)]);

    // Both are there once they are told.
    for (let n = 0; !told.data.length || !heard.length; n += 1) {
      await post(owner, `hello @${user.username} ${n}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const [first] = told.data;
    assert.equal(first.channel.handle, "ada");
    assert.equal(first.what.__typename, "ChatMention");
    assert.match(first.what.line.body.text, /^hello @/);
    assert.equal(heard[0].type, "mentioned");
    assert.match(heard[0].line.text, /^hello @/);
    assert.equal(heard[0].channel.handle, "ada");
    told.data.length = 0;
    heard.length = 0;

    const own = (type) => told.data.filter((it) => it.what.__typename === type);
    const is = (type, count) =>
      told.until(() => own(type).length === count, `${type} ${count}`);
    const timeOut = `mutation ($who: String!) {
      timeOut(handle: "ada", subject: $who, seconds: 60, reason: "secret") { kind } }`;
    await does(owner, timeOut, { who: user.identity });
    await is("OwnRestriction", 1);
    const lift = `mutation ($who: String!) { liftRestriction(handle: "ada", subject: $who) }`;
    await does(owner, lift, { who: user.identity });
    await is("OwnRestriction", 2);
    const [held, free] = own("OwnRestriction").map((it) => it.what);
    assert.equal(held.kind, "TIMEOUT");
    assert.ok(held.until);
    assert.deepEqual([free.kind, free.until], [null, null]);
    const appoint = `mutation ($who: String!) {
      appoint(handle: "ada", username: $who, role: VIP) { role } }`;
    await does(owner, appoint, { who: user.username });
    await is("OwnRole", 1);
    assert.equal(own("OwnRole")[0].what.role, "VIP");
    const { id } = await does(owner, `mutation { createStream(handle: "ada", title: "Now") { id } }`);
    await does(owner, `mutation ($id: ID!) { startStream(id: $id) { status } }`, { id });
    await is("ChannelWentLive", 1);
    const [live] = own("ChannelWentLive");
    assert.deepEqual(live.what, { __typename: "ChannelWentLive", streamId: id, title: "Now" });
    assert.equal(live.channel.live.title, "Now");

    // Socket.IO said the same, and each once; nobody else was told.
    const last = `bye @${user.username}`;
    await post(owner, last);
    await told.until((it) => it.data.at(-1).what.line?.body.text === last, "the last");
    while (heard.at(-1)?.line?.text !== last) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const acts = heard.filter((it) => it.type !== "mentioned").map((it) => it.type);
    assert.deepEqual(acts, ["restriction", "restriction", "role", "went_live"]);
    assert.equal(own("ChannelWentLive").length, 1);
    assert.ok(!JSON.stringify([heard, told.data]).includes("secret"), "why is for staff");
    assert.deepEqual(herself.data, []);
    socket.disconnect();
    guest.disconnect();
  },

  async proof() {
    const connect = (token) => {
      const is = raw();
      const heard = [];
      const ready = new Promise((resolve) => {
        is.socket.on("message", (text) => {
          heard.push(JSON.parse(text));
          resolve();
        });
      });
      is.opened.then(() => {
        const payload = { authorization: `Bearer ${token}` };
        is.socket.send(JSON.stringify({ type: "connection_init", payload }));
      });
      return { ...is, heard, ready };
    };
    const wrong = connect("nobody");
    assert.equal((await wrong.closed).code, 4403);

    const guest = client();
    const credentials = `username: "eve", password: "correct horse battery"`;
    await does(guest, `mutation { register(${credentials}) { role } }`);
    const { token } = await does(guest, `mutation { signIn(${credentials}) { token } }`);
    const eve = connect(token);
    await eve.ready;
    assert.match(eve.heard[0].payload.identity, /^user:/);
    await does(client(token), `mutation { signOut }`);
    assert.equal((await eve.closed).code, 4401);

    const brief = connect("brief");
    await brief.ready;
    await advance(61);
    brief.socket.send(JSON.stringify(LOOK));
    assert.equal((await brief.closed).code, 4401);

    // A guest stays who they are by what they were given.
    const first = raw();
    await first.opened;
    const ack = new Promise((resolve) => first.socket.once("message", resolve));
    first.socket.send(JSON.stringify(INIT));
    const { identity, guest: text } = JSON.parse(await ack).payload;
    const second = raw();
    await second.opened;
    const again = new Promise((resolve) => second.socket.once("message", resolve));
    second.socket.send(JSON.stringify({ ...INIT, payload: { guest: text } }));
    assert.equal(JSON.parse(await again).payload.identity, identity);
    first.socket.terminate();
    second.socket.terminate();
  },

  async protocol() {
    assert.equal(await said("nonsense"), 4400);
    assert.equal(await said({ type: "start" }), 4400);
    assert.equal(await said(LOOK), 4401);
    assert.equal(await said(INIT, INIT), 4429);
    assert.equal(await said("x".repeat(70_000)), 1009);
    assert.deepEqual(await raw({ origin: "https://evil.example" }).closed, { status: 403 });
    assert.deepEqual(await raw({}, "graphql-ws").closed, { status: 400 });
    await channel();
    const { socket, closed, opened } = raw();
    await opened;
    const heard = [];
    socket.on("message", (text) => heard.push(JSON.parse(text)));
    const until = async (so) => {
      for (let n = 0; !so(); n += 1) {
        assert.ok(n < 1000, JSON.stringify(heard));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const send = (message) => socket.send(JSON.stringify(message));
    send(INIT);
    await until(() => heard.length === 1);
    assert.equal(heard[0].type, "connection_ack");
    send({ type: "ping" });
    await until(() => heard.length === 2);
    assert.deepEqual(heard[1], { type: "pong" });
    for (let n = 0; n < 25; n += 1) {
      const payload = { query: CHAT, variables: { handle: "ada" } };
      send({ type: "subscribe", id: `s${n}`, payload });
    }
    await until(() => heard.filter((it) => it.type === "error").length === 5);
    const refused = heard.find((it) => it.type === "error");
    assert.equal(refused.payload[0].extensions.code, "TOO_MANY_OPERATIONS");
    send({ type: "subscribe", id: "s1", payload: LOOK.payload });
    assert.equal((await closed).code, 4409);
  },
};

await scenarios[scenario]();
for (const it of open) it.dispose();
process.exit(0);
