// Clients of other platforms, written as their documents have it, one scenario at a time. All of
// them are connected to one server at once, by either transport.
import assert from "node:assert/strict";
import {
  Client, POLLING, WEBSOCKET, advance, client, play, publish, recorded, rest, url,
} from "../socketio_events/harness.mjs";

/// As a document's client asks: by its own addresses, and with no content type.
const api = async (token, method, path, body) => {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: token ? { authorization: `Bearer ${token}` } : {},
    body: body && JSON.stringify(body),
  });
  const json = await answer.json();
  return { status: answer.status, json };
};

const told = async (token, method, path, body) => {
  const { status, json } = await api(token, method, path, body);
  assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(json)}`);
  return json;
};

/// PawfectMatch's: the stream stands in the handshake.
const watcher = (token, streamId, options = WEBSOCKET, more = {}) =>
  new Client(token ? { token } : {}, { ...options, query: { streamId, ...more } });

const watching = async (...args) => {
  const made = watcher(...args);
  await made.hears("live:state", (it) => it.pinnedMessages);
  return made;
};

/// A stream of HarmonieCORE's document that is live, and its artist.
const concert = async () => {
  const stream = await told("artist123", "POST", "/api/streams/create", {
    artistId: "artist123",
    title: "Live Concert",
    category: "music",
    recordingEnabled: true,
  });
  const artist = await client({ token: "artist123" });
  artist.socket.emit("start-stream", { streamId: stream.id, userId: "artist123" });
  await artist.hears("stream-started");
  return { artist, stream };
};

/// A stream of PawfectMatch's document that is live.
const walk = () => told("owner", "POST", "/api/live/start", { title: "Walkies", tags: ["dogs"] });

const said = (it) => it.all("new-message").map((line) => line.message);
const settle = async (a, b, say) => {
  // What was sent before has come to both by then.
  await say();
  await a.hears("new-message", (it) => it.message === "that is all");
  await b.hears("new-message", (it) => it.message === "that is all");
};

// ---- the scenarios

const scenarios = {
  // The document's integration workflow, snippet by snippet.
  async harmoniecore() {
    // 1. Create Stream
    const stream = await told("artist123", "POST", "/api/streams/create", {
      artistId: "artist123",
      title: "Live Concert",
      category: "music",
      recordingEnabled: true,
    });
    assert.equal(stream.artistId, "artist123");
    assert.equal(stream.status, "pending");

    const artist = await client({ token: "artist123" }, POLLING);
    artist.socket.emit("create-stream", {
      artistId: "artist123",
      title: "Second",
      description: "With a band",
      category: "music",
    });
    const second = await artist.hears("stream-created");
    assert.deepEqual(
      [second.title, second.artistId, second.description, second.category],
      ["Second", "artist123", "With a band", "music"],
    );

    // 2. Start Stream
    artist.socket.emit("start-stream", { streamId: stream.id, userId: "artist123" });
    const started = await artist.hears("stream-started");
    assert.deepEqual(
      [started.id, started.status, started.artistId, started.title],
      [stream.id, "live", "artist123", "Live Concert"],
    );

    // 3. Viewers Join
    const fan = await client({ token: "viewer1" });
    fan.socket.emit("join-stream", {
      streamId: stream.id,
      userData: { userId: "viewer1", username: "Fan1" },
    });
    const joined = await fan.hears("joined-stream");
    assert.deepEqual([joined.streamId, joined.viewerCount], [stream.id, 1]);
    assert.equal(joined.stream.artistId, "artist123");
    artist.socket.emit("join-stream", { streamId: stream.id, userData: { userId: "artist123" } });
    await artist.hears("joined-stream");
    const guest = await client({}, POLLING);
    guest.socket.emit("join-stream", { streamId: stream.id, userData: {} });
    const came = await artist.hears("viewer-joined", (it) => it.viewerCount === 2);
    assert.equal(came.streamId, stream.id);
    assert.ok(came.userIds.includes(guest.all("session")[0].identity));

    // 4. Chat Interaction
    fan.socket.emit("send-message", { streamId: stream.id, message: "Great performance!" });
    for (const it of [artist, fan, guest]) {
      const message = await it.hears("new-message");
      assert.deepEqual(
        [message.streamId, message.userId, message.message, message.truncated],
        [stream.id, "viewer1", "Great performance!", false],
      );
      assert.equal(typeof message.username, "string");
      assert.ok(Date.now() - new Date(message.timestamp) < 60_000);
    }
    fan.socket.emit("typing", { streamId: stream.id, isTyping: true });
    const typing = await artist.hears("typing-indicator");
    assert.deepEqual(
      [typing.streamId, typing.userId, typing.isTyping],
      [stream.id, "viewer1", true],
    );

    // 5. Recording
    await publish("artist123");
    artist.socket.emit("start-recording", { streamId: stream.id, deviceType: "mobile" });
    const status = await artist.hears("recording-status");
    assert.deepEqual([status.streamId, status.status], [stream.id, "starting"]);

    // 6. is still to come, and says so.
    const tip = { streamId: stream.id, amount: 5.0, currency: "USD", message: "Amazing!" };
    await artist.fails("send-tip", tip, "NOT_AVAILABLE_YET");
    artist.forget();
    artist.socket.emit("send-tip", tip);
    assert.equal((await artist.hears("error")).code, "NOT_AVAILABLE_YET");

    // It has its numbers.
    const stats = await told(null, "GET", `/api/streams/${stream.id}/stats`);
    assert.deepEqual(
      [stats.streamId, stats.viewerCount, stats.messageCount],
      [stream.id, 2, 1],
    );

    // Somebody else's name is refused.
    await fan.fails("end-stream", { streamId: stream.id, userId: "artist123" }, "FORBIDDEN");
    await fan.fails("end-stream", { streamId: stream.id, userId: "viewer1" }, "FORBIDDEN");
    await fan.fails("send-message", { streamId: stream.id, userId: "x", message: "hi" }, "FORBIDDEN");

    guest.socket.emit("leave-stream", { streamId: stream.id });
    const left = await artist.hears("viewer-left");
    assert.deepEqual([left.streamId, left.viewerCount], [stream.id, 1]);

    artist.socket.emit("end-stream", { streamId: stream.id, userId: "artist123" });
    for (const it of [artist, fan]) {
      const ended = await it.hears("stream-ended");
      assert.deepEqual(
        [ended.streamId, ended.status, ended.reason],
        [stream.id, "ended", "owner_ended"],
      );
      assert.equal(it.all("stream-ended").length, 1);
    }
  },

  async harmoniecore_moderation() {
    const { artist, stream } = await concert();
    const fan = await client({ token: "viewer1" }, POLLING);
    const bob = await client({ token: "bob" });
    const streamId = stream.id;
    for (const it of [artist, fan, bob]) await it.does("join-stream", { streamId });
    const moderate = (action, more) => ({
      streamId,
      targetUserId: "viewer1",
      action,
      reason: "spam",
      ...more,
    });
    await bob.fails("moderate-user", moderate("mute"), "FORBIDDEN");
    artist.socket.emit("moderate-user", moderate("mute"));
    for (const it of [artist, fan, bob]) {
      const muted = await it.hears("user-moderated", (it) => it.action === "mute");
      assert.deepEqual([muted.streamId, muted.targetUserId], [streamId, "viewer1"]);
      assert.equal(muted.reason, undefined, "a reason is for the staff");
    }
    await fan.fails("send-message", { streamId, message: "hi" }, "TIMED_OUT");
    await artist.does("moderate-user", moderate("unmute"));
    await fan.hears("user-moderated", (it) => it.action === "unmute");
    const { place } = await fan.does("send-message", { streamId, message: "sorry" });
    await bob.hears("new-message", (it) => it.id === place);
    // What is deleted here is gone there.
    const seq = Number(place.split(":")[1]);
    const native = await client({ token: "artist123" }, { ...WEBSOCKET, query: { dialect: "greenroom" } });
    await native.does("delete-message", { streamId, seq });
    assert.equal((await bob.hears("message-deleted")).id, place);

    await artist.does("moderate-user", moderate("ban"));
    await fan.hears("user-moderated", (it) => it.action === "ban");
    await fan.fails("join-stream", { streamId }, "FORBIDDEN");
    await artist.does("send-message", { streamId, message: "without" });
    await bob.hears("new-message", (it) => it.message === "without");
    assert.equal(said(fan).includes("without"), false);
    await artist.fails("moderate-user", moderate("ban", { targetUserId: "nobody" }), "USER_NOT_FOUND");
  },

  async harmoniecore_limits() {
    const { artist, stream } = await concert();
    const streamId = stream.id;
    await artist.does("join-stream", { streamId });
    // The channel allows more; the document does not.
    const handle = (await rest(null, "GET", "/streams")).items[0].channel.handle;
    await rest("artist123", "PUT", `/channels/${handle}/chat/settings`, {
      enabled: true, guests: true, slow_mode_seconds: null, max_length: 1000, rate: "standard",
    });
    const fan = await client({ token: "viewer1" });
    const { truncated } = await fan.does("send-message", { streamId, message: "é".repeat(501) });
    assert.equal(truncated, true);
    const { message } = await artist.hears("new-message");
    assert.equal([...message].length, 500);
    for (let n = 2; n <= 10; n++) await fan.does("send-message", { streamId, message: `${n}` });
    const { details } = await fan.fails("send-message", { streamId, message: "11" }, "TOO_MANY_REQUESTS");
    assert.ok(details.retry_after_ms > 3000);
    await advance(7);
    await fan.does("send-message", { streamId, message: "again" });
    // Too much for anybody is not read.
    await artist.fails("send-message", { streamId, message: "x".repeat(8193) }, "MESSAGE_TOO_LARGE");
  },

  async harmoniecore_recordings() {
    const { artist, stream } = await concert();
    const streamId = stream.id;
    await publish("artist123");
    const fan = await client({ token: "viewer1" });
    await fan.does("join-stream", { streamId });
    const start = { streamId, deviceType: "mobile" };
    await fan.fails("start-recording", start, "FORBIDDEN");

    const { recording } = await artist.does("start-recording", start);
    assert.deepEqual([recording.streamId, recording.status], [streamId, "starting"]);
    await recorded(recording.id, "recording");
    const started = await artist.hears("recording-started");
    assert.deepEqual([started.recordingId, started.status], [recording.id, "recording"]);
    artist.socket.emit("stop-recording", { streamId });
    const stopped = await artist.hears("recording-stopped");
    assert.deepEqual([stopped.recordingId, stopped.status], [recording.id, "processing"]);
    await recorded(recording.id, "available");
    const status = await artist.hears("recording-status", (it) => it.status === "available");
    assert.deepEqual([status.duration, status.fileSize, status.format], [60, 15_000_000, "mp4"]);

    await fan.does("leave-stream", { streamId });
    assert.deepEqual(fan.told.filter((it) => it.event.startsWith("recording-")), []);
  },

  async pawfectmatch_recordings() {
    const { streamId } = await walk();
    const [owner, ann, root] = [
      await watching("owner", streamId),
      await watching("ann", streamId, POLLING),
      await watching("root", streamId),
    ];
    await publish("owner");
    for (const it of [ann, root]) {
      for (const event of ["live:record:start", "live:record:stop"]) {
        await it.fails(event, {}, "FORBIDDEN");
      }
    }
    const { recording } = await owner.does("live:record:start", {});
    const { egressId } = recording;
    assert.deepEqual(recording, { status: "recording", egressId });
    await recorded(egressId, "recording");
    for (const it of [owner, ann]) {
      const starting = await it.hears("live:record:starting");
      assert.deepEqual(starting, { streamId, status: "recording" });
    }
    // With nothing but its name.
    owner.socket.emit("live:record:stop");
    for (const it of [owner, ann]) {
      const stopping = await it.hears("live:record:stopping");
      assert.deepEqual(stopping, { streamId, status: "uploading" });
    }
    await recorded(egressId, "available");
    await owner.fails("live:record:stop", {}, "RECORDING_OVER");
  },

  async pawfectmatch() {
    const stream = await walk();
    assert.deepEqual([stream.isLive, stream.ownerId, stream.tags], [true, "owner", ["dogs"]]);
    const { streamId } = stream;
    const owner = watcher("owner", streamId);
    const state = await owner.hears("live:state");
    assert.deepEqual(
      [state.streamId, state.isLive, state.title, state.viewers, state.pinnedMessages],
      [streamId, true, "Walkies", 0, []],
    );
    // By the handshake's `auth` as well, and by either transport.
    const ann = new Client({ token: "ann", streamId }, POLLING);
    await ann.hears("live:state");
    await owner.hears("live:state", (it) => it.viewers === 1);
    const guest = await watching(null, streamId, POLLING);
    await owner.hears("live:state", (it) => it.viewers === 2);

    // live:message
    await ann.does("live:message", { content: "Good boy!" });
    for (const it of [owner, ann, guest]) {
      const message = await it.hears("live:message");
      assert.deepEqual(
        [message.streamId, message.authorId, message.content],
        [streamId, "ann", "Good boy!"],
      );
      assert.equal(typeof message.messageId, "string");
    }
    ann.socket.emit("live:message", { streamId, text: "by text" });
    ann.socket.emit("live:message", "bare");
    await owner.hears("live:message", (it) => it.content === "by text");
    await owner.hears("live:message", (it) => it.content === "bare");
    await ann.fails("live:message", { content: "x", userId: "owner" }, "FORBIDDEN");
    await ann.fails("live:message", {}, "MISSING_FIELD");

    // live:reaction, merged
    const began = performance.now();
    for (let n = 0; n < 10; n++) await ann.does("live:reaction", { emoji: "❤️" });
    await guest.does("live:reaction", ":fire:");
    const total = () => owner.all("live:reaction").flatMap((it) => it.reactions)
      .filter((it) => it.emoji === "❤️").reduce((sum, it) => sum + it.count, 0);
    await owner.hears("live:reaction", () => total() === 10);
    await owner.hears("live:reaction", (it) => it.reactions.some((it) => it.emoji === "🔥"));
    const took = performance.now() - began;
    assert.ok(owner.all("live:reaction").length <= took / 250 + 1, "merged");
    await ann.fails("live:reaction", { emoji: "not one" }, "INVALID_FIELD");

    // What is still to come
    await owner.fails("live:gift", {}, "NOT_AVAILABLE_YET");
    await owner.fails("join-stream", { streamId }, "UNKNOWN_EVENT");

    guest.socket.disconnect();
    const left = await owner.hears("live:viewer-left");
    assert.deepEqual([left.streamId, left.viewers], [streamId, 1]);

    // Nobody is let in where nothing is.
    for (const [who, id, code] of [
      ["ann", "nothing", "STREAM_NOT_FOUND"],
      ["ann", "01980a4e-7b1c-7c3f-8d2a-5e6f70819203", "STREAM_NOT_FOUND"],
      ["nobody", streamId, "NOT_SIGNED_IN"],
    ]) {
      const refused = watcher(who, id);
      assert.equal((await refused.hears("connect_error")).data.code, code);
      refused.socket.disconnect();
    }

    // A blocked user cannot watch, and is cut off at once.
    const bob = await watching("bob", streamId, POLLING);
    assert.equal((await owner.does("live:message", { content: "/block bob" })).done, "blocked");
    await owner.does("live:message", { content: "without him" });
    await ann.hears("live:message", (it) => it.content === "without him");
    assert.deepEqual(bob.all("live:message"), []);
    await bob.fails("live:message", { content: "let me in" }, "BANNED");
    const shut = watcher("bob", streamId);
    assert.equal((await shut.hears("connect_error")).data.code, "FORBIDDEN");
    shut.socket.disconnect();

    // An administrator's end
    const ended = owner.hears("live:state", (it) => it.isLive === false);
    await told("root", "POST", `/api/live/${streamId}/end`);
    assert.equal((await ended).streamId, streamId);
    await ann.hears("live:state", (it) => it.isLive === false);
    await ann.fails("live:message", { content: "late" }, "STREAM_ENDED");
    await ann.fails("live:reaction", { emoji: "❤️" }, "STREAM_ENDED");
  },

  async pawfectmatch_pins() {
    const { streamId } = await walk();
    const owner = await watching("owner", streamId);
    const ann = await watching("ann", streamId, POLLING);
    const say = async (content) => (await ann.does("live:message", { content })).place;
    const first = await say("keep this");
    await owner.does("live:pin", { messageId: first, content: "something else" });
    for (const it of [owner, ann]) {
      const { pinnedMessages, streamId: of } = await it.hears("live:pinned:updated");
      assert.equal(of, streamId);
      const [pin] = pinnedMessages;
      assert.deepEqual([pin.messageId, pin.authorId, pin.content], [first, "ann", "keep this"]);
      assert.equal(typeof pin.timestamp, "string");
    }
    // The owner's alone, also where our moderators may.
    await ann.fails("live:pin", { messageId: first, content: "x" }, "FORBIDDEN");
    const admin = await watching("root", streamId);
    await admin.fails("live:pin", { messageId: first, content: "x" }, "FORBIDDEN");
    await owner.fails("live:pin", { messageId: "0:999", content: "x" }, "MESSAGE_NOT_FOUND");

    // By REST, up to five.
    for (let n = 2; n <= 5; n++) {
      const messageId = await say(`keep ${n}`);
      const { pinnedMessages } = await told("owner", "POST", `/api/live/${streamId}/pin-message`, {
        messageId, content: `keep ${n}`,
      });
      assert.equal(pinnedMessages.length, n);
      await ann.hears("live:pinned:updated", (it) => it.pinnedMessages.length === n);
    }
    const sixth = await say("one too many");
    await owner.fails("live:pin", { messageId: sixth, content: "" }, "TOO_MANY_PINS");
    // Who comes later sees them.
    const late = watcher(null, streamId);
    assert.equal((await late.hears("live:state")).pinnedMessages.length, 5);

    // The next stream begins with none.
    await told("owner", "POST", "/api/live/stop", { streamId });
    await owner.fails("live:pin", { messageId: first, content: "" }, "STREAM_ENDED");
    await advance(1);
    const next = await walk();
    const again = await watching("owner", next.streamId);
    assert.deepEqual(again.all("live:state")[0].pinnedMessages, []);
    await again.fails("live:pin", { messageId: first, content: "" }, "MESSAGE_NOT_FOUND");
    const { place } = await again.does("live:message", { content: "new" });
    await again.does("live:pin", { messageId: place, content: "new" });
    const { pinnedMessages } = await again.hears("live:pinned:updated", (it) => it.pinnedMessages.length === 1);
    assert.equal(pinnedMessages[0].messageId, place);
  },

  async pawfectmatch_limits() {
    const { streamId } = await walk();
    const owner = await watching("owner", streamId);
    const ann = await watching("ann", streamId);
    // The channel cuts at 500; the document at 1,000.
    assert.equal((await ann.does("live:message", { content: "x".repeat(1000) })).truncated, false);
    assert.equal((await ann.does("live:message", { content: "x".repeat(1001) })).truncated, true);
    const long = await owner.hears("live:message", (it) => it.truncated);
    assert.equal([...long.content].length, 1000);
    for (let n = 3; n <= 10; n++) await ann.does("live:message", { content: `${n}` });
    const { details } = await ann.fails("live:message", { content: "11" }, "TOO_MANY_REQUESTS");
    assert.ok(details.retry_after_ms <= 3000);
    await advance(3);
    for (let n = 1; n <= 10; n++) await ann.does("live:message", { content: `again ${n}` });
  },

  async resume() {
    const { artist, stream } = await concert();
    const streamId = stream.id;
    await artist.does("join-stream", { streamId });
    const owner = await told("owner", "POST", "/api/live/start", { title: "Walkies" });
    const handles = new Map(
      (await rest(null, "GET", "/streams")).items.map((it) => [it.id, it.channel.handle]),
    );
    const native = { ...WEBSOCKET, query: { dialect: "greenroom" } };
    const posting = await client({ token: "bob" }, native);
    // By many guests, so that nobody is too fast.
    const many = async (id, from, to) => {
      for (let n = from; n <= to; n++) {
        if (n % 9 === 0) await advance(4);
        await posting.does("send-message", { handle: handles.get(id), message: `${n}` });
      }
    };
    const range = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`);

    const fan = await client({ token: "viewer1" });
    await fan.does("join-stream", { streamId });
    await many(streamId, 1, 3);
    const last = await fan.hears("new-message", (it) => it.message === "3");
    fan.socket.disconnect();
    await many(streamId, 4, 20);
    fan.socket.connect();
    await fan.does("join-stream", { streamId, after: last.id });
    await many(streamId, 21, 22);
    await fan.hears("new-message", (it) => it.message === "22");
    assert.deepEqual(said(fan), range(1, 22));
    const names = new Set(fan.all("new-message").map((it) => it.userId));
    assert.deepEqual([...names], ["bob"]);

    // PawfectMatch's: by the handshake, which is made anew each time.
    let after;
    const ann = new Client((give) => give({ token: "ann", streamId: owner.streamId, after }));
    await ann.hears("live:state");
    await many(owner.streamId, 1, 3);
    after = (await ann.hears("live:message", (it) => it.content === "3")).messageId;
    ann.socket.disconnect();
    await many(owner.streamId, 4, 20);
    ann.socket.connect();
    await many(owner.streamId, 21, 22);
    await ann.hears("live:message", (it) => it.content === "22");
    assert.deepEqual(ann.all("live:message").map((it) => it.content), range(1, 22));
  },

  async over() {
    const { artist, stream } = await concert();
    const streamId = stream.id;
    await artist.does("join-stream", { streamId });
    const fan = await client({ token: "viewer1" });
    await fan.does("join-stream", { streamId });
    await artist.does("end-stream", { streamId });
    await fan.hears("stream-ended");
    for (const it of [artist, fan]) {
      await it.fails("send-message", { streamId, message: "late" }, "STREAM_ENDED");
      await it.fails("typing", { streamId, isTyping: true }, "STREAM_ENDED");
      await it.fails("join-stream", { streamId }, "STREAM_ENDED");
    }
    await artist.fails("start-stream", { streamId }, "STREAM_ENDED");
    const refused = watcher("ann", streamId);
    assert.equal((await refused.hears("connect_error")).data.code, "STREAM_ENDED");
    refused.socket.disconnect();
    // The channel's room lives on, and is not the stream's any more.
    const { handle } = (await rest(null, "GET", `/streams/${streamId}`)).channel;
    await rest("bob", "POST", `/channels/${handle}/chat`, { text: "between" });
    const { stream: next } = await artist.does("create-stream", { title: "Encore" });
    await artist.does("start-stream", { streamId: next.id });
    await artist.does("join-stream", { streamId: next.id });
    await artist.does("send-message", { streamId: next.id, message: "encore" });
    await artist.hears("new-message", (it) => it.message === "encore");
    await fan.does("join-stream", { streamId: next.id });
    await settle(artist, fan, () =>
      artist.does("send-message", { streamId: next.id, message: "that is all" }),
    );
    assert.deepEqual(said(fan), ["that is all"]);
    assert.deepEqual(said(artist), ["encore", "that is all"]);
    assert.ok(artist.all("new-message").every((it) => it.streamId === next.id));
  },

  // What viewers are shown late is of the stream that it was said in, whatever is on air then.
  async delayed() {
    const { artist, stream } = await concert();
    const { handle } = (await rest(null, "GET", `/streams/${stream.id}`)).channel;
    await rest("artist123", "PUT", `/channels/${handle}/chat/settings`, {
      enabled: true, guests: true, slow_mode_seconds: null, max_length: 500, rate: "standard",
      delay_seconds: 2, followers_only_seconds: null, emotes_only: false,
    });
    const native = { ...WEBSOCKET, query: { dialect: "greenroom" } };
    const join = async (token, more = {}) => {
      const made = await client({ token }, native);
      await made.does("join-channel", { handle, ...more });
      return made;
    };
    const [bob, staff] = [await join("bob"), await join("artist123")];
    const fan = await client({ token: "viewer1" });
    await fan.does("join-stream", { streamId: stream.id });
    const ann = await watching("ann", stream.id);

    const say = (text) => rest("owner", "POST", `/channels/${handle}/chat`, { text });
    await say("one");
    await artist.does("end-stream", { streamId: stream.id });
    await say("between");
    const { stream: next } = await artist.does("create-stream", { title: "Encore" });
    await artist.does("start-stream", { streamId: next.id });
    await say("two");

    const lines = (it) => it.all("new-message").map((line) => [line.text, line.streamId]);
    const were = [["one", stream.id], ["between", null], ["two", next.id]];
    for (const it of [staff, bob]) {
      await it.hears("new-message", (line) => line.text === "two");
      assert.deepEqual(lines(it), were);
    }
    await fan.hears("stream-ended", (it) => it.id === stream.id);
    assert.deepEqual(said(fan), ["one"]);
    await ann.hears("live:state", (it) => it.isLive === false);
    assert.deepEqual(ann.all("live:message").map((it) => it.content), ["one"]);

    // The same for who comes back, wherever they were.
    const places = [0, 1].map((n) => bob.all("new-message")[n].place);
    for (const [n, after] of places.entries()) {
      const back = await join("viewer1", { after });
      await back.hears("new-message", (line) => line.text === "two");
      assert.deepEqual(lines(back), were.slice(n + 1));
    }
  },

  async choice() {
    const { artist, stream } = await concert();
    const streamId = stream.id;
    await artist.does("join-stream", { streamId });
    const by = async (dialect, token, options = WEBSOCKET) =>
      client({ token }, { ...options, query: { dialect } });
    const ours = await by("greenroom", "bob");
    await ours.does("join-stream", { streamId });
    const theirs = await by("harmoniecore", "ann", POLLING);
    await theirs.does("join-stream", { streamId });
    const paws = await watching("viewer1", streamId);
    await paws.does("live:message", { content: "hello to all" });
    const native = await ours.hears("new-message");
    assert.equal(native.text, "hello to all");
    assert.ok(native.author.identity.startsWith("user:"));
    const harmonie = await theirs.hears("new-message");
    assert.deepEqual([harmonie.message, harmonie.userId], ["hello to all", "viewer1"]);
    const pawfect = await paws.hears("live:message");
    assert.deepEqual([pawfect.content, pawfect.authorId], ["hello to all", "viewer1"]);
    await ours.fails("live:message", { content: "x" }, "UNKNOWN_EVENT");
    await theirs.fails("get-history", { streamId }, "UNKNOWN_EVENT");

    // Somebody who has never been connected here is called as their host calls them, too.
    await rest("owner", "GET", "/me");
    const { handle } = (await rest(null, "GET", `/streams/${streamId}`)).channel;
    await rest("owner", "POST", `/channels/${handle}/chat`, { text: "by REST" });
    await rest("owner", "POST", `/channels/${handle}/chat`, { text: "and again" });
    for (const it of [artist, theirs]) {
      await it.hears("new-message", (it) => it.message === "and again");
      assert.deepEqual(
        it.all("new-message").map((it) => [it.message, it.userId]),
        [["hello to all", "viewer1"], ["by REST", "owner"], ["and again", "owner"]],
      );
    }

    for (const dialect of ["klingon", "circle"]) {
      const refused = new Client({}, { ...WEBSOCKET, query: { dialect } });
      assert.equal((await refused.hears("connect_error")).data.code, "UNKNOWN_DIALECT");
      refused.socket.disconnect();
    }
    const nowhere = new Client({}, { ...WEBSOCKET, query: { dialect: "pawfectmatch" } });
    assert.equal((await nowhere.hears("connect_error")).data.code, "MISSING_FIELD");
    nowhere.socket.disconnect();
  },
};

await play(scenarios);
