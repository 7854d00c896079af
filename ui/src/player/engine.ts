// Plays a live channel, as a playlist, by WebRTC or in a room, and goes on by itself: after a break
// of the network, a restart of the server, the end of a playlist that goes on elsewhere. Knows no
// page; says what it does by one callback.

import type Hls from "hls.js";
import type { ErrorData } from "hls.js";
import { asFailure } from "../api/client";
import { Backoff } from "../lib/backoff";
import type { Address, Kind } from "./address";
import type { Departure } from "./livekit";

export interface Quality {
  /** What the engine calls it; -1 lets the engine choose. */
  level: number;
  label: string;
}

/** Why nothing is played any more: one may not watch, or watches in another tab. */
export type Halt = "refused" | "displaced";

export interface Shown {
  /** Nothing moves although it should: it loads or waits. */
  isWaiting: boolean;
  /** The browser began only without sound. */
  isMutedByBrowser: boolean;
  /** Behind what happens, in seconds. */
  latency: number | null;
  /** As far behind as it should be. */
  targetLatency: number | null;
  height: number | null;
  qualities: Quality[];
  quality: number;
  /** This browser can play nothing of it. */
  isUnsupported: boolean;
  /** Nobody can say where it is played, or nothing comes from there: it is tried again and again. */
  isUnreachable: boolean;
  /** It goes on only when it is asked to. */
  halted: Halt | null;
}

export interface Options {
  /** Where it is played now, if possible not in these ways; asked for again at each new beginning. */
  address: (without: ReadonlySet<Kind>) => Promise<Address>;
  /** Whether there should be pictures: not while offline or interrupted. */
  isOnAir: () => boolean;
  show: (change: Partial<Shown>) => void;
}

/** What plays without the library of playlists: by WebRTC, in a room or not. */
interface Direct {
  /** Whether something arrives, be it a picture on which nothing moves. */
  readonly isReceiving: boolean;
  destroy: () => void;
}

/** No progress for so long is shown. */
const STILL_MS = 900;
/** No progress for so long while on air: it begins anew. */
const STALLED_MS = 9000;
/** Further behind than this, one is told and may go to the live edge. */
export const BEHIND_SECONDS = 4;

export class Engine {
  #hls: Hls | null = null;
  #direct: Direct | null = null;
  /** Ways of playing that have not worked. */
  #without = new Set<Kind>();
  #isDestroyed = false;
  #backoff = new Backoff(500, 8000);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval>;
  #lastTime = -1;
  #movedAt = performance.now();
  /** The same, but that a new beginning is no movement. */
  #playedAt = -Infinity;
  #isUnreached = false;
  #mediaRepairs = 0;
  /** The playlist has ended; what it holds is played, then the channel is asked for anew. */
  #hasEnded = false;
  #beginning = 0;
  #wantsToPlay = true;
  #isStarted = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly options: Options,
  ) {
    this.#watch = setInterval(() => this.#look(), 500);
    video.addEventListener("pause", this.#paused);
    video.addEventListener("play", this.#played);
    addEventListener("online", this.#online);
  }

  /** Begins, or begins anew. */
  start(): void {
    this.#isStarted = true;
    this.#isUnreached = false;
    this.#without.clear();
    this.options.show({ halted: null });
    void this.#begin();
  }

  /** Lets everything go: nothing is on air. */
  stop(): void {
    this.#isStarted = false;
    this.#beginning += 1;
    clearTimeout(this.#timer);
    this.#release();
    this.options.show({ isWaiting: false, isUnreachable: false, latency: null, height: null, qualities: [] });
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.stop();
    clearInterval(this.#watch);
    this.video.removeEventListener("pause", this.#paused);
    this.video.removeEventListener("play", this.#played);
    removeEventListener("online", this.#online);
  }

  play(): void {
    this.#wantsToPlay = true;
    void this.#tryToPlay();
  }

  /** To what happens now. */
  goLive(): void {
    const edge = this.#hls?.liveSyncPosition ?? this.#seekableEnd();
    if (edge !== null) this.video.currentTime = edge;
    this.play();
  }

  choose(level: number): void {
    if (!this.#hls) return;
    this.#hls.nextLevel = level;
    this.options.show({ quality: level });
  }

  #paused = () => {
    if (!this.video.ended) this.#wantsToPlay = false;
  };

  #played = () => {
    this.#wantsToPlay = true;
    this.#movedAt = performance.now();
  };

  #online = () => {
    this.#backoff.reset();
    if (this.#isStarted) this.#again(0);
  };

  async #begin(): Promise<void> {
    clearTimeout(this.#timer);
    const beginning = ++this.#beginning;
    const isStale = () => this.#isDestroyed || beginning !== this.#beginning;
    this.#hasEnded = false;
    this.#movedAt = performance.now();
    this.options.show({ isWaiting: true });
    let address;
    try {
      address = await this.options.address(this.#without);
    } catch (error) {
      if (!isStale()) this.#unaddressed(error);
      return;
    }
    if (isStale()) return;
    if (address.kind === "livekit") return this.#enter(address.url, address.token, isStale);
    if (address.kind === "whep") return this.#ask(address.url, isStale);
    let library;
    try {
      library = (await import("./hls")).library;
    } catch {
      if (!isStale()) this.#again();
      return;
    }
    if (isStale()) return;
    this.#release();
    if (library.Hls.isSupported()) this.#attach(library, address.url);
    else if (this.video.canPlayType("application/vnd.apple.mpegurl")) this.#attachNative(address.url);
    else this.options.show({ isUnsupported: true, isWaiting: false });
  }

  async #enter(url: string, token: string, isStale: () => boolean): Promise<void> {
    try {
      const { RoomPlayer } = await import("./livekit");
      if (isStale()) return;
      this.#release();
      const room = new RoomPlayer(this.video, { arrived: () => this.#arrived(), left: (why) => this.#direct === room && void this.#left(why) });
      this.#direct = room;
      await room.connect(url, token);
      if (isStale()) return;
      this.#movedAt = performance.now();
      this.#isUnreached = false;
    } catch {
      if (!isStale()) this.#unreached();
    }
  }

  /** By WHEP; where that does not work, in another way. */
  async #ask(url: string, isStale: () => boolean): Promise<void> {
    const refused = () => {
      if (this.#without.has("whep")) return this.#unreached();
      this.#without.add("whep");
      this.#again(0);
    };
    try {
      const { WhepPlayer } = await import("./whep");
      if (isStale()) return;
      this.#release();
      const player = new WhepPlayer(this.video, () => this.#direct === player && refused());
      this.#direct = player;
      await player.connect(url);
      if (!isStale()) this.#arrived();
    } catch {
      if (!isStale()) refused();
    }
  }

  #arrived(): void {
    this.#backoff.reset();
    this.#movedAt = performance.now();
    this.#isUnreached = false;
    void this.#tryToPlay();
  }

  async #left(why: Departure): Promise<void> {
    if (why === "displaced") this.#halt("displaced");
    else if (why !== "removed") this.#again();
    else {
      // Whoever was sent out is told at once whether they may come back.
      const beginning = this.#beginning;
      const isStale = () => this.#isDestroyed || beginning !== this.#beginning;
      try {
        await this.options.address(this.#without);
        if (!isStale()) this.#again();
      } catch (error) {
        if (!isStale()) this.#unaddressed(error);
      }
    }
  }

  /** It is not known where it is played. */
  #unaddressed(error: unknown): void {
    const { status, retryAfter } = asFailure(error);
    if (status === 403) this.#halt("refused");
    else this.#unreached((retryAfter ?? 0) * 1000);
  }

  /** It is tried again, not before the server asks for it. */
  #unreached(atLeast = 0): void {
    this.#isUnreached = true;
    this.#again(Math.max(atLeast, this.#backoff.next()));
  }

  #halt(halted: Halt): void {
    this.stop();
    this.options.show({ halted });
  }

  #attach({ Hls, workerPath }: typeof import("./hls").library, address: string): void {
    const hls = new Hls({
      workerPath,
      lowLatencyMode: true,
      liveDurationInfinity: true,
      backBufferLength: 30,
      maxBufferLength: 20,
      maxLiveSyncPlaybackRate: 1.08,
      // Its own tries are few; whoever has none left begins anew, with an address that is asked for anew.
      manifestLoadPolicy: { default: policy(2) },
      playlistLoadPolicy: { default: policy(4) },
      fragLoadPolicy: { default: policy(4) },
    });
    this.#hls = hls;
    const { Events } = Hls;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.#showQualities();
      void this.#tryToPlay();
    });
    hls.on(Events.LEVELS_UPDATED, () => this.#showQualities());
    hls.on(Events.LEVEL_SWITCHED, () => this.options.show({ quality: hls.autoLevelEnabled ? -1 : hls.currentLevel }));
    hls.on(Events.LEVEL_LOADED, (_, { details }) => {
      this.#hasEnded = !details.live;
    });
    hls.on(Events.FRAG_BUFFERED, () => {
      this.#backoff.reset();
      this.#isUnreached = false;
    });
    hls.on(Events.ERROR, (_, data) => this.#failed(Hls, data));
    hls.loadSource(address);
    hls.attachMedia(this.video);
  }

  #attachNative(address: string): void {
    this.video.src = address;
    this.video.onerror = () => this.#again();
    this.video.onloadedmetadata = () => this.#arrived();
  }

  #release(): void {
    this.#hls?.destroy();
    this.#hls = null;
    this.#direct?.destroy();
    this.#direct = null;
    this.video.onerror = null;
    this.video.onloadedmetadata = null;
    // Without a source it stays empty, and says no error.
    if (this.video.hasAttribute("src")) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  #failed(library: typeof Hls, data: ErrorData): void {
    if (!data.fatal) return;
    if (data.type === library.ErrorTypes.MEDIA_ERROR && this.#mediaRepairs < 2) {
      this.#mediaRepairs += 1;
      this.#hls?.recoverMediaError();
      return;
    }
    this.#mediaRepairs = 0;
    this.#again();
  }

  #again(after = this.#backoff.next()): void {
    clearTimeout(this.#timer);
    this.options.show({ isWaiting: true });
    this.#timer = setTimeout(() => this.#isStarted && void this.#begin(), after);
  }

  async #tryToPlay(): Promise<void> {
    if (!this.#wantsToPlay) return;
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || this.video.muted) return;
      // Browsers let sound begin only where somebody has asked for it.
      this.video.muted = true;
      this.options.show({ isMutedByBrowser: true });
      await this.video.play().catch(() => {});
    }
  }

  /** Twice a second: what is shown, and whether it still moves. */
  #look(): void {
    if (!this.#isStarted) return;
    const { video } = this;
    const now = performance.now();
    // By WebRTC time goes by, whether anything comes or not.
    if (this.#direct ? this.#direct.isReceiving : video.currentTime !== this.#lastTime) {
      this.#lastTime = video.currentTime;
      this.#movedAt = this.#playedAt = now;
      this.#mediaRepairs = 0;
    }
    const isStill = now - this.#movedAt;
    this.options.show({
      isWaiting: this.#wantsToPlay && isStill > STILL_MS,
      isUnreachable: this.#isUnreached && now - this.#playedAt > STILL_MS,
      latency: this.#latency(),
      targetLatency: this.#hls?.targetLatency ?? null,
      height: video.videoHeight || null,
    });
    if (!this.options.isOnAir() || document.hidden) {
      this.#movedAt = now - Math.min(isStill, 1500);
      return;
    }
    if (this.#hasEnded && (video.ended || this.#ahead() < 0.6)) this.#again(300);
    else if (this.#wantsToPlay && isStill > STALLED_MS) this.#again(0);
    if (this.#hasEnded) this.#hasEnded = this.#ahead() >= 0.6 && !video.ended;
  }

  #latency(): number | null {
    // WebRTC is as late as the line is long, which nobody measures.
    if (this.#direct) return null;
    if (this.#hls) return this.#hls.latency > 0 ? this.#hls.latency : null;
    const end = this.#seekableEnd();
    return end === null ? null : Math.max(0, end - this.video.currentTime);
  }

  #ahead(): number {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) >= currentTime) return buffered.end(i) - currentTime;
    }
    return 0;
  }

  #seekableEnd(): number | null {
    const { seekable } = this.video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : null;
  }

  #showQualities(): void {
    const levels = this.#hls?.levels ?? [];
    const qualities = levels.map((level, at) => ({
      level: at,
      label: level.height ? `${level.height}p${level.frameRate > 31 ? Math.round(level.frameRate) : ""}` : `${Math.round(level.bitrate / 1000)} kbit/s`,
    }));
    this.options.show({ qualities, quality: this.#hls?.autoLevelEnabled === false ? this.#hls.currentLevel : -1 });
  }
}

function policy(retries: number) {
  const retry = { maxNumRetry: retries, retryDelayMs: 500, maxRetryDelayMs: 3000 };
  return { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000, timeoutRetry: retry, errorRetry: retry };
}
