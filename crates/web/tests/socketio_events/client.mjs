// The clients of our own events, one scenario at a time.
import assert from "node:assert/strict";
import {
  Client, POLLING, WEBSOCKET, advance, client, play, publish, recorded, rest,
} from "./harness.mjs";

const say = (text, token = "owner") =>
  rest(token, "POST", "/channels/studio/chat", { text });

const channel = () => rest("owner", "POST", "/channels", { handle: "studio", title: "The studio" });

/// A channel that is live, and its owner.
const live = async () => {
  await channel();
  const owner = await client({ token: "owner" });
  const { stream } = await owner.does("create-stream", { title: "Live Concert" });
  await owner.does("start-stream", { streamId: stream.id });
  return { owner, streamId: stream.id };
};

const texts = (client) => client.all("new-message").map((line) => line.text);
const seqs = (client) =>
  client.told.filter((it) => it.data?.seq !== undefined && it.data.place).map((it) => it.data.seq);
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

// ---- the scenarios

const scenarios = {
  async streams() {
    await channel();
    const owner = await client({ token: "owner" });
    const { identity } = owner.all("session")[0];
    const ownId = identity.replace("user:", "");

    const made = await owner.does("create-stream", {
      artistId: ownId,
      title: "Live Concert",
      description: "With a band",
      category: "music",
    });
    assert.equal(made.stream.status, "pending");
    assert.equal(made.stream.title, "Live Concert");
    assert.deepEqual(await owner.hears("stream-created"), made.stream);
    const streamId = made.stream.id;

    const ann = await client({ token: "ann" }, POLLING);
    await ann.fails("create-stream", { channel: "studio", title: "Mine" }, "FORBIDDEN");
    await ann.fails("create-stream", { title: "Mine" }, "CHANNEL_NOT_FOUND");
    await ann.fails("join-stream", { streamId }, "STREAM_NOT_LIVE");
    await ann.fails("start-stream", { streamId }, "FORBIDDEN");
    // Waiting in the channel, she hears of the start.
    const waiting = await ann.does("join-channel", { handle: "studio" });
    assert.equal(waiting.channel.handle, "studio");
    assert.equal(waiting.channel.live, null);

    const started = await owner.does("start-stream", { streamId, userId: "owner" });
    assert.equal(started.stream.status, "live");
    assert.equal((await owner.hears("stream-started")).streamId, streamId);
    const line = await ann.hears("stream-started");
    assert.equal(line.streamId, streamId);
    assert.equal(line.title, "Live Concert");
    assert.match(line.place, /^\d+:1$/);

    const joined = await ann.does("join-stream", {
      streamId,
      userData: { userId: ann.all("session")[0].identity, username: "Ann", more: [1] },
    });
    assert.equal(joined.stream.id, streamId);
    assert.equal(joined.viewers, 1);
    assert.equal(joined.chat.settings.max_length, 500);
    const { ok, ...told } = joined;
    assert.deepEqual(await ann.hears("joined-stream"), told);
    await ann.hears("viewer-joined", (it) => it.streamId === streamId && it.viewers === 1);

    // One person by two connections is one viewer; a guest is another; the owner is none.
    const again = await client({ token: "ann" });
    await again.does("join-stream", { streamId });
    await owner.does("join-stream", { streamId, userId: undefined });
    const guest = await client({});
    assert.equal((await guest.does("join-stream", { streamId })).viewers, 2);
    const came = await ann.hears("viewer-joined", (it) => it.viewers === 2);
    assert.deepEqual(came.identities, [guest.all("session")[0].identity]);

    // Joining twice is once.
    await ann.does("join-stream", { streamId });
    await owner.does("send-message", { streamId, message: "hello" });
    await ann.hears("new-message");
    await ann.does("send-message", { streamId, message: "hello back" });
    await ann.hears("new-message", (it) => it.text === "hello back");
    assert.deepEqual(texts(ann), ["hello", "hello back"]);
    assert.equal(ann.all("new-message")[0].streamId, streamId);

    await guest.does("leave-stream", { streamId });
    await guest.does("leave-stream", { streamId });
    assert.equal((await ann.hears("viewer-left")).viewers, 1);
    // The other connection of the same person goes: she is still there by this one.
    again.socket.disconnect();

    await ann.fails("end-stream", { streamId }, "FORBIDDEN");
    await guest.fails("end-stream", { streamId }, "SIGN_IN_FIRST");
    const ended = await owner.does("end-stream", { streamId });
    assert.equal(ended.stream.status, "ended");
    const over = await ann.hears("stream-ended");
    assert.deepEqual([over.streamId, over.reason], [streamId, "owner_ended"]);
    assert.equal(owner.all("stream-ended").length, 1);
    assert.deepEqual(guest.all("stream-ended"), []);
    await guest.fails("join-stream", { streamId }, "STREAM_ENDED");
    await guest.fails("join-stream", { streamId: "nonsense" }, "STREAM_NOT_FOUND");

    // The chat goes on, for whoever is in the room.
    await ann.does("send-message", { streamId, message: "that was good" });
    const after = await owner.hears("new-message", (it) => it.text === "that was good");
    assert.equal(after.streamId, null);
    assert.deepEqual(seqs(owner).filter((seq) => seq === after.seq), [after.seq]);
    // She came for the chat too, and leaves it at last.
    await ann.does("leave-stream", { streamId });
    await ann.does("leave-channel", { handle: "studio" });
    ann.forget();
    await owner.does("send-message", { streamId, message: "alone" });
    await owner.hears("new-message", (it) => it.text === "alone");
    await ann.fails("join-channel", { handle: "nobody-has-it" }, "CHANNEL_NOT_FOUND");
    assert.deepEqual(texts(ann), []);
  },

  async chat() {
    const { owner, streamId } = await live();
    const ann = await client({ token: "ann" }, POLLING);
    const bob = await client({ token: "bob" }, WEBSOCKET);
    for (const it of [ann, bob]) await it.does("join-stream", { streamId });
    const acks = [];
    for (let n = 0; n < 10; n++) {
      acks.push(ann.does("send-message", { streamId, message: `ann ${n}` }));
      acks.push(bob.does("send-message", { streamId, message: `bob ${n}` }));
    }
    const places = await Promise.all(acks);
    assert.equal(new Set(places.map((it) => it.place)).size, 20);
    for (const it of [ann, bob]) {
      await it.hears("new-message", (line) => line.seq === Math.max(...places.map((p) => p.seq)));
      // Everybody sees the same order, without a gap, and each author in theirs.
      assert.deepEqual(seqs(it), range(2, 21));
      for (const name of ["ann", "bob"]) {
        const of = texts(it).filter((text) => text.startsWith(name));
        assert.deepEqual(of, range(0, 9).map((n) => `${name} ${n}`));
      }
    }
    assert.deepEqual(texts(ann), texts(bob));
    const first = ann.all("new-message")[0];
    assert.equal(first.author.username, first.text.split(" ")[0]);
    assert.deepEqual([first.type, first.streamId], ["message", streamId]);

    // Sent again with the same id, it is the same message.
    const sent = { streamId, message: "once", clientMessageId: "m-1" };
    const once = await ann.does("send-message", sent);
    const twice = await ann.does("send-message", sent);
    assert.deepEqual([once.repeated, twice.repeated, twice.place], [false, true, once.place]);
    const answer = await bob.does("send-message", { streamId, message: "re", replyTo: once.seq });
    assert.equal((await ann.hears("new-message", (it) => it.seq === answer.seq)).reply_to, once.seq);
    assert.equal(texts(bob).filter((text) => text === "once").length, 1);

    // A long one is cut, and its sender is told.
    const cut = await ann.does("send-message", { streamId, message: "x".repeat(501) });
    assert.equal(cut.truncated, true);
    assert.equal((await bob.hears("new-message", (it) => it.truncated)).text.length, 500);

    // Guests chat, without an account.
    const guest = await client({});
    await guest.does("send-message", { handle: "studio", message: "hi from outside" });
    const line = await bob.hears("new-message", (it) => it.text === "hi from outside");
    assert.equal(line.author.name, guest.all("session")[0].name);

    // Typing is shown to the others.
    await ann.does("typing", { streamId, isTyping: true });
    const typing = await bob.hears("typing-indicator");
    assert.deepEqual([typing.name, typing.isTyping, typing.streamId], ["ann", true, streamId]);

    // History, by pages, back and forth.
    const page = await bob.does("get-history", { streamId, limit: 5 });
    assert.equal(page.lines.length, 5);
    assert.equal(page.head, page.lines[4].place);
    const older = await bob.does("get-history", { handle: "studio", before: page.lines[0].place, limit: 5 });
    assert.equal(older.lines[4].seq, page.lines[0].seq - 1);
    const newer = await bob.does("get-history", { streamId, after: older.lines[4].place, limit: 100 });
    assert.deepEqual(newer.lines, page.lines);
    // As much as fits into one answer, and never so much that it closes the connection.
    for (let n = 0; n < 40; n++) {
      await say("\u0001".repeat(499) + "x" + "a\u0301\u0302\u0303".repeat(500));
    }
    const heavy = await bob.does("get-history", { streamId, limit: 100 });
    assert.ok(heavy.lines.length >= 20 && heavy.lines.length < 60, `${heavy.lines.length}`);
    assert.equal(heavy.lines.at(-1).place, heavy.head);

    // Deleted is gone for everybody.
    await bob.fails("delete-message", { streamId, seq: once.seq }, "FORBIDDEN");
    await ann.does("delete-message", { streamId, seq: once.seq });
    assert.equal((await bob.hears("message-deleted")).target, once.seq);
    await owner.does("delete-message", { streamId, seq: answer.seq });
    const { lines } = await bob.does("get-history", { streamId, before: cut.place, limit: 2 });
    assert.deepEqual(lines.map((it) => [it.seq, it.text]), [[once.seq, null], [answer.seq, null]]);
    await ann.fails("delete-message", { streamId, seq: 99999 }, "MESSAGE_NOT_FOUND");

    // What the owner changes is shown.
    const settings = {
      enabled: true, guests: false, slow_mode_seconds: null, max_length: 50, rate: "strict",
      delay_seconds: null, followers_only_seconds: null, emotes_only: false,
    };
    await rest("owner", "PUT", "/channels/studio/chat/settings", settings);
    assert.deepEqual((await bob.hears("chat-settings")).settings, settings);
    await guest.fails("send-message", { streamId, message: "again" }, "GUESTS_MAY_NOT_CHAT");
  },

  async errors() {
    const { streamId } = await live();
    const ann = await client({ token: "ann" });
    await ann.fails("no-such-event", {}, "UNKNOWN_EVENT");
    await ann.fails("send-message", { streamId, message: 7 }, "WRONG_TYPE");
    await ann.fails("send-message", "text", "WRONG_TYPE");
    await ann.fails("send-message", null, "WRONG_TYPE");
    assert.equal((await ann.fails("send-message", { streamId }, "MISSING_FIELD")).details.field, "message");
    const unknown = await ann.fails("send-message", { streamId, message: "x", tip: 5 }, "UNKNOWN_FIELD");
    assert.equal(unknown.details.field, "tip");
    await ann.fails("send-message", { message: "x" }, "MISSING_FIELD");
    await ann.fails("send-message", { streamId, handle: "studio", message: "x" }, "INVALID_FIELD");
    await ann.fails("send-message", { streamId, message: "  " }, "MESSAGE_EMPTY");
    await ann.fails("send-message", { streamId, message: "x".repeat(9000) }, "MESSAGE_TOO_LARGE");
    await ann.fails("send-message", { streamId, message: "x", clientMessageId: "ä" }, "INVALID_FIELD");
    await ann.fails("join-stream", { streamId, after: "yesterday" }, "INVALID_FIELD");
    await ann.fails("get-history", { streamId, limit: 101 }, "INVALID_FIELD");
    await ann.fails("moderate-user", { streamId, targetUserId: "x", action: "kick" }, "WRONG_TYPE");

    // Without an acknowledgement an error comes as an event.
    ann.socket.emit("send-message", { streamId, message: "" });
    const error = await ann.hears("error");
    assert.deepEqual([error.event, error.code], ["send-message", "MESSAGE_EMPTY"]);
    ann.socket.emit("nonsense", {});
    assert.equal((await ann.hears("error", (it) => it.code === "UNKNOWN_EVENT")).event, "nonsense");

    // So much and no more, for each connection.
    const fast = await client({ token: "bob" });
    const answers = await Promise.all(
      range(1, 60).map(() => fast.ask("typing", { streamId, isTyping: true })),
    );
    const refused = answers.filter((it) => !it.ok);
    assert.ok(refused.length >= 10 && refused.length <= 30, `${refused.length} of 60 were refused`);
    assert.equal(refused[0].code, "TOO_MANY_REQUESTS");
    assert.ok(refused[0].details.retry_after_ms > 0);
    assert.equal(fast.socket.connected, true);

    // Ten rooms and no more.
    await advance(10);
    const many = await client({ token: "bob" });
    const users = range(1, 10).map((n) => `creator-${n}`);
    for (const name of users) {
      const body = { username: name, password: "correct horse battery" };
      await rest(null, "POST", "/users", body);
      const { token } = await rest(null, "POST", "/sessions", body);
      await rest(token, "POST", "/me/creator");
      await rest(token, "POST", "/channels", { handle: name, title: name });
      await many.does("join-channel", { handle: name });
    }
    await many.does("join-channel", { handle: users[0] });
    const full = await many.fails("join-channel", { handle: "studio" }, "TOO_MANY_ROOMS");
    assert.equal(full.details.max, 10);
    await many.does("leave-channel", { handle: users[0] });
    await many.does("join-channel", { handle: "studio" });
  },

  async moderation() {
    const { owner, streamId } = await live();
    const ann = await client({ token: "ann" });
    const bob = await client({ token: "bob" }, POLLING);
    for (const it of [owner, ann, bob]) await it.does("join-stream", { streamId });
    const targetUserId = bob.all("session")[0].user.id;
    const moderate = (action, more) => ({ streamId, targetUserId, action, ...more });

    await ann.fails("moderate-user", moderate("mute"), "FORBIDDEN");
    const muted = await owner.does("moderate-user", moderate("mute", { reason: "spam" }));
    assert.equal(muted.restriction.restriction.kind, "timeout");
    const shown = await ann.hears("user-moderated");
    assert.deepEqual([shown.targetUserId, shown.action, shown.name], [targetUserId, "mute", "bob"]);
    // Why is for whoever runs the channel, under the same number.
    assert.equal("reason" in shown, false);
    const staff = await owner.hears("user-moderated");
    assert.deepEqual([staff.reason, staff.seq], ["spam", shown.seq]);
    assert.equal("reason" in (await bob.hears("user-moderated")), false);
    const refused = await bob.fails("send-message", { streamId, message: "no" }, "TIMED_OUT");
    const left = (new Date(refused.details.until) - new Date(shown.at)) / 1000;
    assert.ok(Math.abs(left - 600) < 2, `${left} s`);
    await bob.fails("typing", { streamId, isTyping: true }, "TIMED_OUT");
    await owner.does("moderate-user", moderate("unmute"));
    await ann.hears("user-moderated", (it) => it.action === "lift");
    await bob.does("send-message", { streamId, message: "thanks" });
    await ann.hears("new-message", (it) => it.text === "thanks");
    await owner.does("moderate-user", moderate("timeout", { duration: 30 }));
    await owner.fails("moderate-user", moderate("timeout", { duration: 0 }), "INVALID_FIELD");
    await owner.fails("moderate-user", moderate("ban", { duration: 30 }), "INVALID_FIELD");

    // Banned: told so, and out of the room within a second, by every connection.
    const other = await client({ token: "bob" });
    await other.does("join-channel", { handle: "studio" });
    await ann.hears("viewer-joined", (it) => it.viewers === 2);
    const began = performance.now();
    await owner.does("moderate-user", moderate("ban", { reason: "enough" }));
    for (const it of [bob, other]) {
      await it.hears("user-moderated", (it) => it.action === "ban");
      assert.ok(performance.now() - began < 1000);
    }
    await ann.does("send-message", { streamId, message: "without him" });
    await owner.hears("new-message", (it) => it.text === "without him");
    await ann.hears("viewer-left");
    for (const it of [bob, other]) {
      await it.fails("send-message", { streamId, message: "let me in" }, "BANNED");
      await it.fails("join-stream", { streamId }, "FORBIDDEN");
      await it.fails("join-channel", { handle: "studio" }, "FORBIDDEN");
      await it.fails("get-history", { handle: "studio" }, "FORBIDDEN");
      assert.equal(texts(it).includes("without him"), false);
      assert.equal(it.socket.connected, true);
    }
    // A mute does not undo a ban, nor does its end.
    await owner.fails("moderate-user", moderate("unmute"), "USER_IS_BANNED");
    await owner.fails("moderate-user", moderate("mute"), "USER_IS_BANNED");
    const { place } = await owner.does("send-message", { streamId, message: "still without" });
    await owner.does("moderate-user", moderate("unban"));
    // What he missed includes his own old ban, which holds no more.
    const banned = bob.all("user-moderated").find((it) => it.action === "ban");
    const before = `${place.split(":")[0]}:${banned.seq - 1}`;
    bob.forget();
    await bob.does("join-stream", { streamId, after: before });
    await owner.does("send-message", { streamId, message: "welcome back" });
    await bob.hears("new-message", (it) => it.text === "welcome back");
    assert.equal(bob.all("user-moderated")[0].action, "ban");
    const lines = seqs(bob);
    assert.deepEqual(lines, range(banned.seq, lines.at(-1)));

    await owner.fails("moderate-user", moderate("ban", { targetUserId: owner.all("session")[0].identity }), "CANNOT_RESTRICT_STAFF");
    await owner.fails("moderate-user", moderate("ban", { targetUserId: "nobody" }), "USER_NOT_FOUND");
    // Guests can be muted too.
    const guest = await client({});
    await guest.does("send-message", { streamId, message: "hi" });
    const { identity } = guest.all("session")[0];
    await owner.does("moderate-user", { streamId, targetUserId: identity, action: "mute" });
    await guest.fails("send-message", { streamId, message: "hi" }, "TIMED_OUT");
  },

  async resume() {
    const { owner, streamId } = await live();
    for (const options of [POLLING, WEBSOCKET]) {
      const bob = await client({ token: "bob" }, options);
      const joined = await bob.does("join-stream", { streamId });
      const first = await say("before");
      await bob.hears("new-message");
      bob.socket.disconnect();
      for (let n = 1; n <= 50; n++) await say(`missed ${n}`);

      // Messages keep coming while it returns.
      let stop = false;
      let last = null;
      const coming = (async () => {
        for (let n = 1; !stop || n <= 30; n++) last = await say(`coming ${n}`);
      })();
      bob.forget();
      bob.socket.connect();
      await bob.hears("connect");
      const back = await bob.does("join-stream", { streamId, after: first.place });
      assert.deepEqual([back.chat.resync, back.chat.place], [false, first.place]);
      stop = true;
      await coming;
      await bob.hears("new-message", (it) => it.seq === last.seq);
      assert.deepEqual(seqs(bob), range(first.seq + 1, last.seq));
      assert.deepEqual(texts(bob).slice(0, 50), range(1, 50).map((n) => `missed ${n}`));
      assert.ok(bob.all("new-message").every((it) => it.streamId === streamId));
      assert.deepEqual(bob.all("resync"), []);

      // A history of another telling cannot be gone on from.
      const lost = await client({ token: "ann" }, options);
      const answer = await lost.does("join-stream", { streamId, after: "99:1" });
      assert.equal(answer.chat.resync, true);
      const hint = await lost.hears("resync");
      assert.deepEqual([hint.streamId, hint.place], [streamId, last.place]);
      const read = await lost.does("get-history", { streamId, after: "99:1" });
      assert.equal(read.resync, true);
      assert.equal(read.lines.at(-1).place, last.place);
      // What comes now begins right there.
      const next = await say("after the resync");
      await lost.hears("new-message");
      assert.deepEqual(seqs(lost), [next.seq]);
      for (const it of [bob, lost]) it.socket.disconnect();
    }

    // More than its queue holds: it waits for room, and everything comes once.
    const { place } = await say("the last one that was seen");
    await Promise.all(range(1, 1200).map((n) => say(`many ${n}`)));
    const many = await client({ token: "bob" }, POLLING);
    await many.does("join-stream", { streamId, after: place });
    const end = await say("the end");
    await many.hears("new-message", (it) => it.seq === end.seq);
    assert.deepEqual(seqs(many), range(end.seq - 1200, end.seq));

    // Over the end of a stream each line is said to belong where it did.
    const { head } = await many.does("get-history", { streamId, limit: 1 });
    many.socket.disconnect();
    await say("during");
    await owner.does("end-stream", { streamId });
    await say("between");
    const next = await owner.does("create-stream", {});
    await owner.does("start-stream", { streamId: next.stream.id });
    await say("during the next");
    const later = await client({ token: "ann" });
    await later.does("join-stream", { streamId: next.stream.id, after: head });
    const told = await later.hears("new-message", (it) => it.text === "during the next");
    assert.deepEqual(
      later.all("new-message").map((it) => it.streamId),
      [streamId, null, next.stream.id],
    );
    assert.equal(told.streamId, next.stream.id);
  },

  async identity() {
    const { streamId } = await live();
    // A guest stays the same person by what they were told, over any transport.
    const guest = await client({}, POLLING);
    const was = guest.all("session")[0];
    assert.match(was.identity, /^guest:/);
    assert.match(was.name, /^Guest [0-9a-f]{4}$/);
    assert.ok(Math.abs(new Date(was.server_time) - Date.now()) < 60_000);
    const again = await client({ guest: was.guest }, WEBSOCKET);
    const is = again.all("session")[0];
    assert.deepEqual([is.identity, is.name, is.guest], [was.identity, was.name, was.guest]);
    // A forged one is a new guest, and so is nobody's.
    const forged = was.guest.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    const stranger = (await client({ guest: forged })).all("session")[0];
    assert.notEqual(stranger.identity, was.identity);
    assert.notEqual((await client({})).all("session")[0].identity, was.identity);
    // The signed cookie does the same, and goes before.
    const cookie = { extraHeaders: { cookie: `greenroom_guest=${was.guest}` }, ...WEBSOCKET };
    const known = (await client({ guest: stranger.guest }, cookie)).all("session")[0];
    assert.deepEqual([known.identity, known.guest], [was.identity, null]);

    // Accounts: by token, by header, by the session's cookie.
    const body = { username: "carl", password: "correct horse battery" };
    await rest(null, "POST", "/users", body);
    const { token } = await rest(null, "POST", "/sessions", body);
    const ways = [
      [{ token }, POLLING],
      [{}, { extraHeaders: { authorization: `Bearer ${token}` }, ...POLLING }],
      [{}, { extraHeaders: { cookie: `greenroom_session=${token}` }, ...WEBSOCKET }],
    ];
    for (const [auth, options] of ways) {
      const { user, guest, name } = (await client(auth, options)).all("session")[0];
      assert.deepEqual([user.username, name, guest], ["carl", "carl", null]);
    }

    // What proves nothing is refused, with a code.
    for (const [auth, code] of [
      [{ token: "forged" }, "NOT_SIGNED_IN"],
      [{ token: "" }, "NOT_SIGNED_IN"],
      [{ token: 7 }, "WRONG_TYPE"],
    ]) {
      const refused = new Client(auth);
      const error = await refused.hears("connect_error");
      assert.equal(error.data.code, code);
      assert.deepEqual(refused.all("session"), []);
      refused.socket.disconnect();
    }

    // An id in a payload is one's own or refused.
    const ann = await client({ token: "ann" });
    const { user } = ann.all("session")[0];
    const other = "00000000-0000-7000-8000-000000000000";
    for (const userId of [other, was.identity, "bob", ""]) {
      await ann.fails("join-stream", { streamId, userData: { userId } }, "FORBIDDEN");
      await ann.fails("leave-stream", { streamId, userId }, "FORBIDDEN");
      await ann.fails("start-stream", { streamId, userId }, "FORBIDDEN");
      await ann.fails("end-stream", { streamId, userId }, "FORBIDDEN");
      await ann.fails("create-stream", { artistId: userId }, "FORBIDDEN");
    }
    for (const userId of [user.id, `user:${user.id}`, "ann", null]) {
      await ann.does("join-stream", { streamId, userData: { userId, avatar: {} } });
    }
    await again.does("join-stream", { streamId, userData: { userId: was.identity } });
  },

  async expiry() {
    const { owner, streamId } = await live();
    const brief = await client({ token: "brief" });
    const polling = await client({ token: "brief" }, POLLING);
    const { expires_at } = brief.all("session")[0];
    assert.ok(new Date(expires_at) - Date.now() < 60_000);
    for (const it of [owner, brief, polling]) await it.does("join-stream", { streamId });
    await brief.does("send-message", { streamId, message: "in time" });
    await advance(60);
    const began = performance.now();
    // Nothing is taken, whether the connection is closed already or not.
    brief.socket.emit("send-message", { streamId, message: "too late" });
    for (const it of [brief, polling]) {
      assert.equal(await it.hears("disconnect"), "io server disconnect");
      assert.ok(performance.now() - began < 5000);
      assert.equal((await it.hears("error")).code, "NOT_SIGNED_IN");
    }
    const { lines } = await owner.does("get-history", { streamId });
    assert.equal(lines.some((it) => it.text === "too late"), false);
    // The same proof lets nobody in again; others are not concerned.
    brief.socket.connect();
    assert.equal((await brief.hears("connect_error")).data.code, "NOT_SIGNED_IN");
    assert.equal(owner.socket.connected, true);
  },

  async signing_out() {
    const body = { username: "carl", password: "correct horse battery" };
    await rest(null, "POST", "/users", body);
    const signIn = async () => (await rest(null, "POST", "/sessions", body)).token;
    const [phone, desk] = [await signIn(), await signIn()];
    const here = await client({ token: phone });
    const tab = await client({}, {
      extraHeaders: { cookie: `greenroom_session=${phone}` },
      ...POLLING,
    });
    const there = await client({ token: desk });
    const ann = await client({ token: "ann" });
    const over = async (it) => {
      assert.equal(await it.hears("disconnect"), "io server disconnect");
      assert.equal((await it.hears("error")).code, "NOT_SIGNED_IN");
    };

    // By signing out, wherever the session was used; the other session goes on.
    await rest(phone, "DELETE", "/sessions/current");
    await over(here);
    await over(tab);
    here.socket.connect();
    assert.equal((await here.hears("connect_error")).data.code, "NOT_SIGNED_IN");
    assert.equal(there.socket.connected, true);

    // With a new password everywhere, also where it was changed.
    await rest(desk, "PUT", "/me/password", {
      old_password: body.password,
      new_password: "another battery",
    });
    await over(there);
    assert.equal(ann.socket.connected, true);
  },

  async presence() {
    const { owner, streamId } = await live();
    await owner.does("join-stream", { streamId });
    const ann = await client({ token: "ann" });
    await ann.does("join-stream", { streamId });
    await owner.hears("viewer-joined", (it) => it.viewers === 1);
    // Presence lasts for three seconds here, unless it is renewed.
    const bob = await client({ token: "bob" });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await bob.does("join-stream", { streamId });
    await owner.hears("viewer-joined", (it) => it.viewers === 2);
    assert.deepEqual(owner.all("viewer-left"), []);
    // Who is cut off has left, and is renewed no more.
    ann.socket.io.engine.close();
    ann.socket.disconnect();
    assert.equal((await owner.hears("viewer-left")).viewers, 1);
    // A new stream begins with nobody.
    await owner.does("end-stream", { streamId });
    const { stream } = await owner.does("create-stream", {});
    await owner.does("start-stream", { streamId: stream.id });
    assert.equal((await owner.does("join-stream", { streamId: stream.id })).viewers, 0);
    await bob.does("join-stream", { streamId: stream.id });
    await owner.hears("viewer-joined", (it) => it.streamId === stream.id && it.viewers === 1);
  },

  async reactions() {
    const { owner, streamId } = await live();
    const ann = await client({ token: "ann" }, POLLING);
    await owner.does("join-stream", { streamId });
    await ann.does("join-channel", { handle: "studio" });
    // Many people in a hurry: what they feel is counted together.
    const crowd = [];
    for (let n = 0; n < 5; n++) crowd.push(await client({}));
    const began = performance.now();
    const one = async (it, reaction) => it.does("react", { streamId, reaction });
    await Promise.all(crowd.map(async (it) => {
      for (let n = 0; n < 12; n++) await one(it, n % 3 ? "❤️" : ":fire:");
    }));
    const total = (it, reaction) => it.all("reactions").flatMap((told) => told.reactions)
      .filter((told) => told.reaction === reaction).reduce((sum, told) => sum + told.count, 0);
    for (const it of [owner, ann]) {
      await it.hears("reactions", () => total(it, "❤️") === 40 && total(it, "🔥") === 20);
      const frames = it.all("reactions");
      const took = performance.now() - began;
      assert.ok(frames.length <= took / 250 + 1, `${frames.length} frames in ${took} ms`);
      assert.ok(frames.every((told) => told.streamId === streamId && told.channelId));
    }
    await ann.fails("react", { handle: "studio", reaction: "no emoji" }, "INVALID_FIELD");
    await ann.fails("react", { handle: "studio", reaction: "❤️❤️" }, "INVALID_FIELD");
    await ann.fails("react", { handle: "studio" }, "MISSING_FIELD");
    await ann.fails("react", { handle: "nowhere", reaction: "❤️" }, "CHANNEL_NOT_FOUND");
    await owner.does("moderate-user", {
      streamId, targetUserId: ann.all("session")[0].identity, action: "mute",
    });
    await ann.fails("react", { handle: "studio", reaction: "❤️" }, "TIMED_OUT");
  },

  async pins() {
    const { owner, streamId } = await live();
    const ann = await client({ token: "ann" }, POLLING);
    for (const it of [owner, ann]) await it.does("join-stream", { streamId });
    const say = async (message) => (await ann.does("send-message", { streamId, message })).seq;
    const seqs = [];
    for (let n = 1; n <= 6; n++) seqs.push(await say(`keep ${n}`));
    for (const seq of seqs.slice(0, 5)) {
      await owner.does("pin-message", { streamId, seq });
      const line = await ann.hears("message-pinned", (it) => it.target === seq);
      assert.match(line.place, /^\d+:\d+$/);
    }
    await owner.does("pin-message", { streamId, seq: seqs[0] });
    const { details } = await owner.fails("pin-message", { streamId, seq: seqs[5] }, "TOO_MANY_PINS");
    assert.equal(details.max, 5);
    await ann.fails("pin-message", { streamId, seq: seqs[0] }, "FORBIDDEN");
    await ann.fails("unpin-message", { streamId, seq: seqs[0] }, "FORBIDDEN");
    await owner.fails("pin-message", { streamId, seq: 9999 }, "MESSAGE_NOT_FOUND");
    await owner.fails("pin-message", { streamId, seq: "1" }, "WRONG_TYPE");

    await owner.does("unpin-message", { handle: "studio", seq: seqs[0] });
    await ann.hears("message-unpinned", (it) => it.target === seqs[0]);
    // What is deleted is in view no more.
    await ann.does("delete-message", { streamId, seq: seqs[1] });
    const late = await client({ token: "bob" });
    const { chat } = await late.does("join-channel", { handle: "studio" });
    assert.deepEqual(chat.pins.map((it) => [it.seq, it.text]), [
      [seqs[2], "keep 3"], [seqs[3], "keep 4"], [seqs[4], "keep 5"],
    ]);
    // Each change was told once, however often it was asked for.
    assert.equal(ann.all("message-pinned").length, 5);
  },

  async commands() {
    const { owner, streamId } = await live();
    const ann = await client({ token: "ann" }, POLLING);
    const bob = await client({ token: "bob" });
    for (const it of [owner, ann, bob]) await it.does("join-stream", { streamId });
    const type = (it, message) => it.does("send-message", { streamId, message });
    await bob.fails("send-message", { streamId, message: "/ban ann" }, "FORBIDDEN");
    await bob.fails("send-message", { streamId, message: "/dance" }, "INVALID_COMMAND");
    const { done, username } = await type(owner, "/mod ann");
    assert.deepEqual([done, username], ["role_changed", "ann"]);
    const changed = await bob.hears("role-changed");
    assert.deepEqual([changed.subject, changed.role], [ann.all("session")[0].identity, "moderator"]);

    // She keeps order from then on.
    const { seq } = await type(bob, "hello");
    await ann.hears("new-message", (it) => it.seq === seq);
    await ann.does("pin-message", { streamId, seq });
    assert.equal((await type(ann, "/timeout bob 60 spam")).done, "restricted");
    await bob.hears("user-moderated", (it) => it.action === "mute");
    await bob.fails("send-message", { streamId, message: "hi" }, "TIMED_OUT");
    assert.equal((await type(ann, "/untimeout bob")).done, "lifted");
    await type(bob, "hi again");
    assert.equal((await type(ann, "/clear bob")).count, 2);
    await bob.hears("message-deleted", (it) => it.target === seq);
    await bob.hears("message-unpinned");
    await ann.fails("send-message", { streamId, message: "/slow 5" }, "FORBIDDEN");
    assert.equal((await type(owner, "/slow 5")).done, "configured");
    const { settings } = await bob.hears("chat-settings");
    assert.equal(settings.slow_mode_seconds, 5);
    // What was a command was never said.
    const { lines } = await owner.does("get-history", { streamId });
    assert.equal(lines.some((it) => it.text?.startsWith("/")), false);

    // Blocked is out, at once.
    assert.equal((await type(owner, "/block bob")).done, "blocked");
    await ann.does("send-message", { streamId, message: "without him" });
    await owner.hears("new-message", (it) => it.text === "without him");
    assert.equal(texts(bob).includes("without him"), false);
    await bob.fails("join-stream", { streamId }, "FORBIDDEN");
  },

  async to_come() {
    const { owner, streamId } = await live();
    for (const event of ["send-tip", "send-gift"]) {
      await owner.fails(event, { streamId }, "NOT_AVAILABLE_YET");
    }
  },

  async recordings() {
    const { owner, streamId } = await live();
    const handle = "studio";
    const [ann, root, elsewhere] = [
      await client({ token: "ann" }, POLLING),
      await client({ token: "root" }),
      await client({ token: "root" }),
    ];
    for (const it of [ann, root]) await it.does("join-channel", { handle });
    await owner.fails("start-recording", { streamId }, "NOT_PUBLISHING");
    await owner.fails("stop-recording", { streamId }, "RECORDING_NOT_FOUND");
    await owner.fails("start-recording", { streamId: "none" }, "STREAM_NOT_FOUND");
    await publish("owner");
    for (const event of ["start-recording", "stop-recording"]) {
      await ann.fails(event, { streamId }, "FORBIDDEN");
    }

    const { recording } = await owner.does("start-recording", { streamId });
    assert.deepEqual([recording.stream_id, recording.state], [streamId, "starting"]);
    await owner.fails("start-recording", { streamId }, "ALREADY_RECORDING");
    // Its owner, wherever they are, and an administrator who is there.
    const told = [owner, root];
    for (const it of told) {
      assert.deepEqual(await it.hears("recording-status"), recording);
    }
    await recorded(recording.id, "recording");
    for (const it of told) {
      const started = await it.hears("recording-started");
      assert.deepEqual([started.id, started.state], [recording.id, "recording"]);
      await it.hears("recording-status", (it) => it.state === "recording");
    }
    const stopped = await root.does("stop-recording", { streamId });
    assert.equal(stopped.recording.state, "processing");
    for (const it of told) {
      assert.deepEqual(await it.hears("recording-stopped"), stopped.recording);
    }
    await recorded(recording.id, "available");
    for (const it of told) {
      const file = await it.hears("recording-status", (it) => it.state === "available");
      assert.deepEqual([file.duration_ms, file.size, file.format], [60_000, 15_000_000, "mp4"]);
      assert.equal(typeof file.location, "string");
    }
    await owner.fails("stop-recording", { streamId }, "RECORDING_OVER");

    // Nobody else has heard of it, and nobody twice.
    for (const it of [ann, elsewhere]) await it.does("leave-channel", { handle });
    const all = (it) => it.told.filter((it) => it.event.startsWith("recording-"));
    assert.deepEqual([ann, elsewhere].flatMap(all), []);
    assert.equal(all(owner).length, 6);
  },
};

await play(scenarios);
