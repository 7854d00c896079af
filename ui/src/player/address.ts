// Where a channel is played, with a grant for whoever asks.

import { api, Failure, take } from "../api/client";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** How a channel is played: by a playlist, or in a room. */
export type Address = { kind: "hls"; url: string } | { kind: "livekit"; url: string; token: string };

/** Where a channel is played. */
export async function playbackAddress(handle: string): Promise<Address> {
  const playback = await take(api.GET("/api/v1/channels/{handle}/playback", { params: { path: { handle } } }));
  const room = playback.addresses.find(({ kind }) => kind === "livekit");
  if (room?.token) return { kind: "livekit", url: room.url, token: room.token };
  const hls = playback.addresses.find(({ kind }) => kind === "hls");
  if (!hls) throw new Failure("This channel has no HLS playback.", "NO_HLS", 0);
  return { kind: "hls", url: reachable(hls.url, location.href) };
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
