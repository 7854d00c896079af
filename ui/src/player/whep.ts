// WHEP (draft-ietf-wish-whep): a channel's media by WebRTC, for one request. A chunk of its own,
// loaded where a channel is played so.

/** How long this side looks for ways to be reached by. */
const GATHERING_MS = 1000;
/** How long the server has to answer, and then to get through. */
const PATIENCE_MS = 8000;
/** A connection that is interrupted comes back within that, or not at all. */
const BREAK_MS = 3000;

/** Shows what the server at an address sends. */
export class WhepPlayer {
  #peer = new RTCPeerConnection();
  #shown = new MediaStream();
  /** What the server made for this player. */
  #session: string | null = null;
  #break: ReturnType<typeof setTimeout> | undefined;
  #isDestroyed = false;

  constructor(
    private readonly video: HTMLVideoElement,
    /** It came, and comes no more. */
    private readonly lost: () => void,
  ) {
    this.#peer.addEventListener("track", ({ track }) => this.#shown.addTrack(track));
  }

  /** Done when the connection stands; fails where it does not come about. */
  async connect(url: string): Promise<void> {
    this.video.srcObject = this.#shown;
    for (const kind of ["video", "audio"]) this.#peer.addTransceiver(kind, { direction: "recvonly" });
    await this.#peer.setLocalDescription();
    await until(this.#peer, "icegatheringstatechange", GATHERING_MS, ({ iceGatheringState }) => iceGatheringState === "complete").catch(() => {});
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Accept: "application/sdp" },
      body: this.#peer.localDescription?.sdp ?? "",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (answer.status !== 201) throw new Error(`WHEP was answered with ${answer.status}`);
    const session = answer.headers.get("location");
    this.#session = session && new URL(session, answer.url).href;
    const sdp = await answer.text();
    if (this.#isDestroyed) return this.#leave();
    await this.#peer.setRemoteDescription({ type: "answer", sdp });
    await until(this.#peer, "connectionstatechange", PATIENCE_MS, ({ connectionState }) => {
      if (connectionState === "failed") throw new Error("no way leads to the server");
      return connectionState === "connected";
    });
    this.#peer.addEventListener("connectionstatechange", () => {
      clearTimeout(this.#break);
      if (!this.#isDestroyed && this.#peer.connectionState !== "connected") this.#break = setTimeout(this.lost, BREAK_MS);
    });
  }

  /** Whether something arrives, be it a picture on which nothing moves. */
  get isReceiving(): boolean {
    return this.#peer.connectionState === "connected" && this.#shown.getTracks().some(({ muted }) => !muted);
  }

  destroy(): void {
    this.#isDestroyed = true;
    clearTimeout(this.#break);
    this.#peer.close();
    this.#leave();
    this.video.srcObject = null;
  }

  #leave(): void {
    if (this.#session) void fetch(this.#session, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#session = null;
  }
}

/** Waits until a connection is as it should be; fails after a while, or with what `is` throws. */
function until(peer: RTCPeerConnection, event: string, within: number, is: (peer: RTCPeerConnection) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (done: () => void) => {
      clearTimeout(timer);
      peer.removeEventListener(event, look);
      done();
    };
    const look = () => {
      try {
        if (is(peer)) end(resolve);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const timer = setTimeout(() => end(() => reject(new Error("it took too long"))), within);
    peer.addEventListener(event, look);
    look();
  });
}
