// A channel that is watched: what is shown of it, kept true by events and, now and then, by asking.

import { api, asFailure, take, type Failure } from "../api/client";
import type { Channel, ChatLine, Stream } from "../api/types";
import { Room } from "../chat/room.svelte";
import { introduce } from "../player/address";
import type { Air } from "../player/air";
import { endReason } from "./format";
import { poll } from "./poll";

/** Events tell at once; this is for what they did not tell. */
const ASK_EVERY_MS = 15_000;

export class Watching {
  channel = $state.raw<Channel | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Why the stream that was watched is over. */
  ended = $state<string | null>(null);
  room: Room;
  #stop: () => void;

  constructor(readonly handle: string) {
    const introduced = introduce(handle);
    this.room = new Room(handle, introduced, {
      line: (line) => this.#line(line),
      entered: (channel) => this.#became(channel),
    });
    this.#stop = poll(async () => {
      await introduced;
      await this.ask();
    }, ASK_EVERY_MS);
  }

  close(): void {
    this.#stop();
    this.room.close();
  }

  get stream(): Stream | null {
    return this.channel?.live ?? null;
  }

  get air(): Air {
    const live = this.channel?.live;
    if (!live) return this.ended ? "ended" : "offline";
    if (live.ingest === "interrupted") return "interrupted";
    return live.ingest === "publishing" ? "live" : "starting";
  }

  async ask(): Promise<void> {
    try {
      const path = { handle: this.handle };
      this.#became(await take(api.GET("/api/v1/channels/{handle}", { params: { path } })));
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  #became(channel: Channel): void {
    const before = this.channel?.live;
    this.channel = channel;
    if (channel.live) this.ended = null;
    else if (before && !this.ended) this.ended = endReason(null);
    this.room.watch(channel.live?.id ?? null);
  }

  #line(line: ChatLine): void {
    const { channel } = this;
    if (!channel) return;
    switch (line.type) {
      case "channel_edited": {
        const { title } = line;
        const category = line.category ?? null;
        const live = channel.live ? { ...channel.live, title, category } : null;
        this.channel = { ...channel, title, category, live };
        break;
      }
      case "stream_started":
        void this.ask();
        break;
      case "stream_interrupted":
      case "stream_resumed": {
        const ingest = line.type === "stream_resumed" ? "publishing" : "interrupted";
        if (channel.live?.id === line.stream_id) this.channel = { ...channel, live: { ...channel.live, ingest } };
        else void this.ask();
        break;
      }
      case "stream_ended":
        this.ended = endReason(line.reason);
        this.channel = { ...channel, live: null };
        this.room.watch(null);
        break;
    }
  }
}
