import { expect, test } from "vitest";
import type { PlaybackAddress } from "../api/types";
import { choose, type Kind } from "./address";

const PAGE = "https://tv.example/ada";
const whep = { kind: "whep", url: "/whep/ada/grant" };
const hls = { kind: "hls", url: "https://tv.example/hls/ada/grant/index.m3u8" };
const dash = { kind: "dash", url: "/dash/ada/grant/index.mpd" };
const room = { kind: "livekit", url: "wss://rooms.example", token: "opens" };
const chosen = (offered: PlaybackAddress[], ...without: Kind[]) => choose(offered, new Set(without), PAGE);

test("what the server names first is played, of what browsers play", () => {
  expect(chosen([dash, whep, hls])).toEqual({ kind: "whep", url: "https://tv.example/whep/ada/grant" });
  expect(chosen([hls, whep])).toEqual({ kind: "hls", url: hls.url });
  expect(chosen([room])).toEqual(room);
  expect(chosen([dash])).toBeNull();
  expect(chosen([{ ...room, token: null }, hls])?.kind).toBe("hls");
});

test("what did not work is played only where there is nothing else", () => {
  expect(chosen([whep, hls], "whep")?.kind).toBe("hls");
  expect(chosen([whep, dash], "whep")?.kind).toBe("whep");
});
