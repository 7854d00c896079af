// A LiveKit room: a chunk of its own with its library, loaded where a channel is played in one.

import { ConnectionState, DisconnectReason, Room, RoomEvent, Track, type RemoteTrack } from "livekit-client";

/**
 * Why a room was left for good: another tab took the place, somebody was sent out, the room was
 * closed, or the connection broke and may be made again.
 */
export type Departure = "displaced" | "removed" | "closed" | "lost";

export function departure(reason: DisconnectReason | undefined): Departure {
  switch (reason) {
    case DisconnectReason.DUPLICATE_IDENTITY:
      return "displaced";
    case DisconnectReason.PARTICIPANT_REMOVED:
      return "removed";
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return "closed";
    default:
      return "lost";
  }
}

export interface RoomListener {
  /** There is something to be played. */
  arrived: () => void;
  left: (why: Departure) => void;
}

/** Shows what is published in a room: one picture, one sound, of each what came last. */
export class RoomPlayer {
  #room = new Room();
  #shown = new MediaStream();
  #isDestroyed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    listener: RoomListener,
  ) {
    // The library would turn sound on and play what is paused: its tracks are taken, not its element.
    this.#room.on(RoomEvent.TrackSubscribed, (track: RemoteTrack) => {
      this.#show(track);
      listener.arrived();
    });
    this.#room.on(RoomEvent.TrackUnsubscribed, (track: RemoteTrack) => this.#shown.removeTrack(track.mediaStreamTrack));
    this.#room.on(RoomEvent.Disconnected, (reason?: DisconnectReason) => {
      if (!this.#isDestroyed) listener.left(departure(reason));
    });
  }

  async connect(url: string, token: string): Promise<void> {
    this.video.srcObject = this.#shown;
    await this.#room.connect(url, token);
  }

  /** Whether what is published arrives, be it a screen on which nothing moves. */
  get isReceiving(): boolean {
    return this.#room.state === ConnectionState.Connected && this.#shown.getTracks().length > 0;
  }

  destroy(): void {
    this.#isDestroyed = true;
    void this.#room.disconnect();
    this.video.srcObject = null;
  }

  #show({ kind, mediaStreamTrack }: RemoteTrack): void {
    const before = kind === Track.Kind.Video ? this.#shown.getVideoTracks() : this.#shown.getAudioTracks();
    for (const old of before) this.#shown.removeTrack(old);
    this.#shown.addTrack(mediaStreamTrack);
  }
}
