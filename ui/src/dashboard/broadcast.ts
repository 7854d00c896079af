// Publishes from this browser into a room: a chunk of its own with its library, loaded when
// somebody goes live.

import { Room, RoomEvent, Track, type DisconnectReason } from "livekit-client";
import { asFailure } from "../api/client";
import { Backoff } from "../lib/backoff";
import { departure } from "../player/livekit";
import type { Source } from "./capture";

export interface Seat {
  url: string;
  token: string;
}

/** Before one was on air, nothing is broken: the server is `unreachable`. */
export type State = "connecting" | "unreachable" | "on-air" | "broken";

export interface Listener {
  became: (state: State) => void;
  /** It does not go on by itself. */
  ended: (why: string) => void;
}

/** The platform ends it where asking again is of no use. */
const FINAL = new Set([401, 403, 404, 409, 410]);

/** On air until it is stopped: after a break it comes back with another seat. */
export class Broadcast {
  #room: Room | null = null;
  #isStopped = false;
  #wasOnAir = false;
  #backoff = new Backoff(500, 5000);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private media: MediaStream,
    private readonly source: Source,
    private readonly seat: () => Promise<Seat>,
    private readonly listener: Listener,
  ) {}

  start(): void {
    this.listener.became("connecting");
    void this.#enter();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    void this.#room?.disconnect(false);
  }

  /** Goes on with this picture and this sound, in the place of those before. */
  async replace(media: MediaStream): Promise<void> {
    this.media = media;
    const published = this.#room?.localParticipant.trackPublications.values() ?? [];
    for (const { kind, track } of published) {
      const other = media.getTracks().find((it) => it.kind === kind);
      if (!track || !other) continue;
      await track.replaceTrack(other, { userProvidedTrack: true });
      // What went away was muted by its going.
      await track.unmute();
    }
  }

  async #enter(): Promise<void> {
    const room = new Room({ stopLocalTrackOnUnpublish: false });
    this.#room = room;
    try {
      const { url, token } = await this.seat();
      if (this.#isStopped) return;
      await room.connect(url, token, { autoSubscribe: false });
      room.on(RoomEvent.Reconnecting, () => this.#isOf(room) && this.listener.became("broken"));
      room.on(RoomEvent.Reconnected, () => this.#isOf(room) && this.listener.became("on-air"));
      room.on(RoomEvent.Disconnected, (reason?: DisconnectReason) => this.#isOf(room) && this.#left(reason));
      await this.#publish(room);
      if (!this.#isOf(room)) return;
      this.#wasOnAir = true;
      this.#backoff.reset();
      this.listener.became("on-air");
    } catch (error) {
      if (!this.#isOf(room)) return;
      await room.disconnect(false);
      const failure = asFailure(error);
      if (FINAL.has(failure.status)) this.#end(failure.message);
      else this.#again((failure.retryAfter ?? 0) * 1000);
    }
  }

  async #publish({ localParticipant }: Room): Promise<void> {
    const isScreen = this.source === "screen";
    const [picture] = this.media.getVideoTracks();
    const [sound] = this.media.getAudioTracks();
    if (picture) await localParticipant.publishTrack(picture, { source: isScreen ? Track.Source.ScreenShare : Track.Source.Camera });
    if (sound) await localParticipant.publishTrack(sound, { source: Track.Source.Microphone });
  }

  #left(reason: DisconnectReason | undefined): void {
    switch (departure(reason)) {
      case "displaced":
        return this.#end("You went live from another tab.");
      case "removed":
        return this.#end("The platform took you off the air: the stream is over, its key is gone, or another encoder is on air.");
      case "closed":
        return this.#end("The stream is over.");
      default:
        return this.#again();
    }
  }

  #end(why: string): void {
    this.stop();
    this.listener.ended(why);
  }

  #again(atLeast = 0): void {
    this.listener.became(this.#wasOnAir ? "broken" : "unreachable");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#enter(), Math.max(atLeast, this.#backoff.next()));
  }

  /** Whether this is the room that counts. */
  #isOf(room: Room): boolean {
    return !this.#isStopped && this.#room === room;
  }
}
