// A room's library: a chunk of its own, loaded where a channel is played or published in one.

import { Room, RoomEvent, type RemoteTrack } from "livekit-client";

/** Shows what is published in a room. */
export class RoomPlayer {
  #room = new Room({ adaptiveStream: true });
  #isDestroyed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    /** Something is there to be played. */
    arrived: () => void,
    /** The room is left for good: its end, a ban, a break that lasts. */
    left: () => void,
  ) {
    this.#room.on(RoomEvent.TrackSubscribed, (track: RemoteTrack) => {
      // Sound and picture in the same element.
      track.attach(this.video);
      arrived();
    });
    this.#room.on(RoomEvent.TrackUnsubscribed, (track: RemoteTrack) => track.detach(this.video));
    this.#room.on(RoomEvent.Disconnected, () => {
      if (!this.#isDestroyed) left();
    });
  }

  connect(url: string, token: string): Promise<void> {
    return this.#room.connect(url, token);
  }

  destroy(): void {
    this.#isDestroyed = true;
    void this.#room.disconnect();
    this.video.srcObject = null;
  }
}

/** Publishes the camera or the screen, with sound, from this browser. */
export class RoomPublisher {
  #room = new Room();

  constructor(left: () => void) {
    this.#room.on(RoomEvent.Disconnected, left);
  }

  async publish(source: "camera" | "screen", url: string, token: string, preview: HTMLVideoElement): Promise<void> {
    await this.#room.connect(url, token);
    const { localParticipant } = this.#room;
    if (source === "camera") await localParticipant.enableCameraAndMicrophone();
    else await localParticipant.setScreenShareEnabled(true, { audio: true });
    for (const { track } of localParticipant.videoTrackPublications.values()) track?.attach(preview);
  }

  async stop(): Promise<void> {
    await this.#room.disconnect();
  }
}
