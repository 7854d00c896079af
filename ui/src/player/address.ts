// Where a channel is played, with a grant for whoever asks.

import { api, Failure, take } from "../api/client";
import type { PlaybackAddress } from "../api/types";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** How a channel is played: by a playlist, by WebRTC, or in a room. */
export type Address = { kind: "hls"; url: string } | { kind: "whep"; url: string } | { kind: "livekit"; url: string; token: string };
export type Kind = Address["kind"];

/** Where a channel is played, if it can be helped not in one of these ways. */
export async function playbackAddress(handle: string, without: ReadonlySet<Kind> = new Set()): Promise<Address> {
  const { addresses } = await take(api.GET("/api/v1/channels/{handle}/playback", { params: { path: { handle } } }));
  const chosen = choose(addresses, without, location.href);
  if (!chosen) throw new Failure("This channel has no playback for browsers.", "NO_PLAYBACK", 0);
  return chosen;
}

/** The first that a browser can play: the server names first what suits best. */
export function choose(offered: PlaybackAddress[], without: ReadonlySet<Kind>, page: string): Address | null {
  const playable = offered.flatMap(({ kind, url, token }): Address[] => {
    if (kind === "livekit") return token ? [{ kind, url, token }] : [];
    return kind === "hls" || kind === "whep" ? [{ kind, url: reachable(url, page) }] : [];
  });
  return playable.find(({ kind }) => !without.has(kind)) ?? playable[0] ?? null;
}

/**
 * Makes a guest somebody before anything else is asked: a new guest gets a cookie with this
 * answer, by which socket and player are the same viewer.
 */
export async function introduce(handle: string): Promise<void> {
  await playbackAddress(handle).catch(() => {});
}

/** A server that knows no public address names itself: whoever got here reaches it as the page's. */
export function reachable(address: string, page: string): string {
  const url = new URL(address, page);
  if (LOOPBACK.has(url.hostname)) return new URL(url.pathname + url.search, page).href;
  return url.href;
}
