// A channel's room as this page sees it: its chat, who watches, what happens to its stream.

import { api, asFailure, Failure, take } from "../api/client";
import type { Channel, ChatAuthor, ChatHistory, ChatLine, ChatSettings, Pin } from "../api/types";
import { clock, heardServerTime } from "../lib/clock.svelte";
import { wait } from "../lib/format";
import { ask, closeSocket, openSocket, type Socket } from "../lib/socket";
import { toast } from "../lib/toasts.svelte";
import { announcement, type Heard } from "./announce";
import { words, type CarriedOut } from "./command";
import { ChatLog, type MessageRow, type Row } from "./log";
import { Typers } from "./typers.svelte";

type LineEvent = ChatLine & { streamId: string | null; channelId: string };

interface Joined {
  channel: Channel;
  chat: { place: string; resync: boolean; settings: ChatSettings };
}

/** Who one is in the room. */
export interface Me {
  identity: string;
  name: string;
  username: string | null;
}

/** What the page around a room wants to know. */
export interface Listener {
  /** Lines that tell of the channel or its stream. */
  line?(line: ChatLine): void;
  /** The room was entered, for the first time or again. */
  entered?(channel: Channel): void;
}

const LINES = [
  "new-message",
  "message-deleted",
  "user-moderated",
  "chat-settings",
  "message-pinned",
  "message-unpinned",
  "role-changed",
  "channel-updated",
  "stream-started",
  "stream-interrupted",
  "stream-resumed",
  "stream-ended",
] as const;

const PAGE = 100;
/** A screen reader hears of the chat this often, at most. */
const ANNOUNCE_EVERY_MS = 6000;

export class Room {
  /** `connecting` at first, `broken` while it comes back. */
  status = $state<"connecting" | "joined" | "broken" | "refused">("connecting");
  rows = $state.raw<Row[]>([]);
  settings = $state.raw<ChatSettings | null>(null);
  me = $state.raw<Me | null>(null);
  /** How many watch; `null` until it is known. */
  viewers = $state<number | null>(null);
  /** Why the room cannot be entered. */
  problem = $state<string | null>(null);
  hasOlder = $state(false);
  isLoading = $state(true);
  /** The rows that came last came before all others. */
  grewInFront = $state(false);
  /** For screen readers. */
  spoken = $state("");
  /** What is kept in view, oldest first. */
  pins = $state.raw<Pin[]>([]);
  /** How people reacted last: each frame is another. */
  reactions = $state.raw<{ reaction: string; count: number }[]>([]);
  typers = new Typers();
  /** How often what one is to the channel was changed. */
  mine = $state(0);
  /** Until when one may not write, by the page's clock. */
  waitUntil = $state(0);

  #log = new ChatLog();
  #socket: Socket | null = null;
  #isClosed = false;
  #watching: string | null = null;
  #watched: string | null = null;
  #frame = 0;
  #incoming: ChatLine[] = [];
  #heard: Heard[] = [];
  #announcer: ReturnType<typeof setInterval> | undefined;
  #isLoadingOlder = false;
  #wasLoaded = false;
  #isFollowing = true;

  constructor(
    readonly handle: string,
    /** What is to be done before the room is entered. */
    introduced: Promise<void>,
    private readonly listener: Listener = {},
  ) {
    void introduced.then(() => (this.#isClosed ? undefined : this.#open()));
    this.#announcer = setInterval(() => this.#announce(), ANNOUNCE_EVERY_MS);
  }

  close(): void {
    this.#isClosed = true;
    cancelAnimationFrame(this.#frame);
    clearInterval(this.#announcer);
    this.typers.close();
    if (this.#socket) closeSocket(this.#socket);
  }

  /** Counts as a viewer of this stream from now on; of none if `null`. */
  watch(stream: string | null): void {
    if (stream === this.#watching) return;
    this.#watching = stream;
    if (stream === null) this.viewers = null;
    void this.#joinStream();
  }

  /** Whether the newest messages are looked at: only then old ones may be forgotten. */
  follow(isFollowing: boolean): void {
    this.#isFollowing = isFollowing;
  }

  send(text: string, replyTo: number | null): void {
    if (!this.me) return;
    const clientId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    const author: ChatAuthor = { identity: this.me.identity, name: this.me.name, username: this.me.username, badges: [] };
    this.#log.send(clientId, author, text, replyTo);
    this.#show(false);
    void this.#deliver(clientId);
  }

  retry(clientId: string): void {
    this.#log.retry(clientId);
    this.#show(false);
    void this.#deliver(clientId);
  }

  discard(clientId: string): void {
    this.#log.discard(clientId);
    this.#show(false);
  }

  message(seq: number): MessageRow | null {
    return this.#log.message(seq);
  }

  async delete(seq: number): Promise<void> {
    await this.#ask("delete-message", { handle: this.handle, seq });
  }

  async restrict(identity: string, action: "timeout" | "ban", seconds?: number): Promise<void> {
    const duration = action === "timeout" ? { duration: seconds } : {};
    await this.#ask("moderate-user", { handle: this.handle, targetUserId: identity, action, ...duration });
  }

  /** Keeps a message in view for everybody, or no more. */
  async pin(seq: number): Promise<void> {
    await take(api.PUT("/api/v1/channels/{handle}/pins/{seq}", { params: { path: { handle: this.handle, seq } } }));
  }
  async unpin(seq: number): Promise<void> {
    await take(api.DELETE("/api/v1/channels/{handle}/pins/{seq}", { params: { path: { handle: this.handle, seq } } }));
  }

  async react(reaction: string): Promise<void> {
    await take(api.POST("/api/v1/channels/{handle}/reactions", { params: { path: { handle: this.handle } }, body: { reaction } }));
  }

  /** Shows the others that one types, or has stopped. */
  type(isTyping: boolean): void {
    this.#ask("typing", { handle: this.handle, isTyping }).catch(() => {});
  }

  async loadOlder(): Promise<void> {
    const oldest = this.#log.oldest;
    if (this.#isLoadingOlder || !this.hasOlder || oldest === null || this.status !== "joined") return;
    this.#isLoadingOlder = true;
    try {
      const epoch = this.#log.place?.split(":")[0] ?? "0";
      const before = `${epoch}:${oldest}`;
      const history = await this.#ask<ChatHistory>("get-history", { handle: this.handle, before, limit: PAGE });
      this.#log.add(history.lines);
      this.hasOlder = this.#log.hasOlder && history.lines.length > 0;
      this.#show(true);
    } catch {
      // The next scroll asks again.
    } finally {
      this.#isLoadingOlder = false;
    }
  }

  async #open(): Promise<void> {
    let socket;
    try {
      socket = await openSocket();
    } catch {
      // The client's own code did not come.
      this.status = "broken";
      if (!this.#isClosed) setTimeout(() => !this.#isClosed && this.#open(), 3000);
      return;
    }
    if (this.#isClosed) return;
    this.#socket = socket;
    socket.on("session", (told: { identity: string; name: string; user: { username: string } | null; server_time: string }) => {
      heardServerTime(told.server_time);
      this.me = { identity: told.identity, name: told.name, username: told.user?.username ?? null };
    });
    socket.on("connect", () => void this.#enter());
    socket.on("disconnect", () => {
      this.#watched = null;
      if (this.status !== "refused") this.status = "broken";
    });
    socket.on("connect_error", () => {
      if (this.status === "joined") this.status = "broken";
    });
    socket.on("resync", () => void this.#startAnew());
    socket.on("shut-out", () => this.#refuse("You may no longer be in this channel."));
    for (const name of LINES) socket.on(name, (line: LineEvent) => this.#hear(line));
    for (const name of ["viewer-joined", "viewer-left"]) {
      socket.on(name, (told: { streamId: string; viewers: number }) => {
        if (told.streamId === this.#watching) this.viewers = told.viewers;
      });
    }
    socket.on("reactions", (told: { reactions: { reaction: string; count: number }[] }) => (this.reactions = told.reactions));
    socket.on("typing-indicator", (told: { identity: string; name: string; isTyping: boolean }) => {
      if (told.identity !== this.me?.identity) this.typers.note(told.identity, told.name, told.isTyping);
    });
    socket.connect();
  }

  async #enter(): Promise<void> {
    const socket = this.#socket;
    const after = this.#log.place;
    try {
      const joined = await this.#ask<Joined>("join-channel", after ? { handle: this.handle, after } : { handle: this.handle });
      this.settings = joined.chat.settings;
      if (joined.chat.resync) this.#log.reset();
      this.#log.startAt(joined.chat.place);
      this.status = "joined";
      this.problem = null;
      this.listener.entered?.(joined.channel);
      if (!this.#wasLoaded || joined.chat.resync) await this.#loadNewest();
      await this.#joinStream();
      void this.#loadPins();
      for (const row of this.#log.waiting()) void this.#deliver(row.clientId!);
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code === "OFFLINE" || !socket?.connected) {
        // The answer was lost with the connection, or is late: once more.
        if (socket?.connected) socket.disconnect().connect();
        return;
      }
      if (failure.code === "FORBIDDEN" || failure.code === "CHANNEL_NOT_FOUND") {
        this.#refuse(failure.code === "FORBIDDEN" ? "You may not be in this channel." : failure.message);
      } else {
        setTimeout(() => !this.#isClosed && socket.connected && void this.#enter(), 2000);
      }
    }
  }

  async #loadPins(): Promise<void> {
    try {
      this.pins = (await take(api.GET("/api/v1/channels/{handle}/pins", { params: { path: { handle: this.handle } } }))).items;
    } catch {
      // The next change asks again.
    }
  }

  #refuse(problem: string): void {
    this.status = "refused";
    this.problem = problem;
  }

  async #startAnew(): Promise<void> {
    this.#log.reset();
    this.#wasLoaded = false;
    await this.#loadNewest().catch(() => {});
  }

  async #loadNewest(): Promise<void> {
    const history = await this.#ask<ChatHistory>("get-history", { handle: this.handle, limit: PAGE });
    this.#log.add(history.lines);
    this.settings = history.settings;
    this.hasOlder = this.#log.hasOlder;
    this.#wasLoaded = true;
    this.isLoading = false;
    this.#show(false);
  }

  async #joinStream(): Promise<void> {
    const stream = this.#watching;
    if (this.status !== "joined" || stream === this.#watched) return;
    const before = this.#watched;
    this.#watched = stream;
    try {
      if (before) await this.#ask("leave-stream", { streamId: before });
      if (!stream) return;
      const joined = await this.#ask<{ viewers: number }>("join-stream", { streamId: stream });
      if (this.#watching === stream) this.viewers = joined.viewers;
    } catch {
      // It is over, perhaps: then another begins. Else the next connection tries again.
      if (this.#watched === stream) this.#watched = null;
    }
  }

  async #deliver(clientId: string): Promise<void> {
    const row = this.#log.pending(clientId);
    // What cannot be sent now is sent when the room was entered again.
    if (!row?.text || this.status !== "joined") return;
    try {
      const reply = row.replyTo === null ? {} : { replyTo: row.replyTo };
      const receipt = await this.#ask<{ seq: number; at: string } | CarriedOut>("send-message", {
        handle: this.handle,
        message: row.text,
        clientMessageId: clientId,
        ...reply,
      });
      if ("done" in receipt) {
        this.#log.discard(clientId);
        toast(words(receipt));
      } else this.#log.sent(clientId, receipt);
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (failure.code === "OFFLINE") {
        // Nobody knows whether it was taken; the same name makes a second try harmless.
        if (this.status === "joined") setTimeout(() => !this.#isClosed && void this.#deliver(clientId), 1500);
        return;
      }
      this.#log.failed(clientId, this.#refusal(failure));
    }
    this.#show(false);
  }

  #refusal(failure: Failure): string {
    const { retry_after_ms, until } = failure.details;
    const ms = typeof until === "string" ? Date.parse(until) - clock.now : Number(retry_after_ms);
    if (!Number.isFinite(ms) || ms <= 0) return failure.message;
    this.waitUntil = Date.now() + ms;
    return `${failure.message.replace(/\.$/, "")} (wait ${wait(ms / 1000)}).`;
  }

  #hear(line: LineEvent): void {
    this.#incoming.push(line);
    if (line.type === "message" && line.text && line.author.identity !== this.me?.identity) {
      this.#heard.push({ name: line.author.name, text: line.text });
    }
    if (line.type === "settings_changed") this.settings = line.settings;
    if (line.type === "role_changed" && line.subject === this.me?.identity) this.mine += 1;
    if (line.type === "pinned" || line.type === "unpinned") void this.#loadPins();
    if (line.type === "message") this.typers.note(line.author.identity, "", false);
    this.listener.line?.(line);
    // Many lines may come at once: they are shown together, once for each picture.
    if (document.visibilityState === "hidden") this.#flush();
    else this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const lines = this.#incoming;
    this.#incoming = [];
    this.#log.add(lines);
    if (this.#isFollowing && this.#log.trim()) this.hasOlder = true;
    this.#show(false);
  }

  #show(grewInFront: boolean): void {
    this.grewInFront = grewInFront;
    this.rows = this.#log.rows();
  }

  #announce(): void {
    if (this.#heard.length === 0) return;
    this.spoken = announcement(this.#heard);
    this.#heard = [];
  }

  #ask<T>(event: string, payload: object): Promise<T> {
    if (!this.#socket?.connected) return Promise.reject(new Failure("The connection is broken.", "OFFLINE", 0));
    return ask<T>(this.#socket, event, payload);
  }
}
