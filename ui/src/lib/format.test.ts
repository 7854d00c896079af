import { expect, it } from "vitest";
import { advice } from "../dashboard/advice";
import { reachable } from "../player/address";
import { Backoff } from "./backoff";
import { bitrate, bytes, codec, count, endReason, hue, initials, seconds, since, uptime, uptimeSpoken, viewers, wait } from "./format";

it("writes viewers", () => {
  expect([0, 1, 999, 1200, 15_300, -3].map(count)).toEqual(["0", "1", "999", "1.2K", "15.3K", "0"]);
  expect(viewers(1)).toBe("1 viewer");
  expect(viewers(2)).toBe("2 viewers");
});

it("writes times", () => {
  expect([-5, 0, 7_900, 754_000, 11_045_000].map(uptime)).toEqual(["0:00", "0:00", "0:07", "12:34", "3:04:05"]);
  expect([60_000, 3_600_000, 11_045_000].map(uptimeSpoken)).toEqual(["1 minute", "1 hour", "3 hours 4 minutes"]);
  expect([10_000, 300_000, 7_200_000, 260_000_000].map(since)).toEqual(["just now", "5 min", "2 h", "3 d"]);
  expect([0.2, 45, 600].map(wait)).toEqual(["1 s", "45 s", "10 min"]);
  expect(seconds(2000)).toBe("2 s");
  expect(seconds(1540)).toBe("1.5 s");
});

it("writes sizes", () => {
  expect([0, 950, 15_000_000, 1_240_000_000, 999_600].map(bytes)).toEqual(["0 B", "950 B", "15 MB", "1.2 GB", "1 MB"]);
});

it("writes what an encoder sends", () => {
  expect(bitrate(850_400)).toBe("850 kbit/s");
  expect(bitrate(4_230_000)).toBe("4.2 Mbit/s");
  expect(["avc1.42c01f", "hvc1.1.6", "mp4a.40.2", "weird"].map(codec)).toEqual(["H.264", "HEVC", "AAC", "weird"]);
});

it("has a stand-in for every picture", () => {
  expect(["Anna Lee", "bob", "  ", "a_b", "日本"].map(initials)).toEqual(["AL", "B", "?", "AB", "日"]);
  expect(hue("anna")).toBe(hue("anna"));
  expect(hue("anna")).toBeLessThan(360);
});

it("says why a stream is over", () => {
  expect(endReason("owner_ended")).toMatch(/ended the stream/);
  expect(endReason("something new")).toBe("The stream is over.");
});

it("waits longer from try to try, within bounds", () => {
  const wait = new Backoff(500, 8000, () => 0.5);
  expect(Array.from({ length: 7 }, () => wait.next())).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  wait.reset();
  expect(wait.next()).toBe(500);
});

it("advises what to set", () => {
  const video = { codec: "avc1", width: 1280, height: 720, frame_rate: 30, key_frame_interval_ms: 2000 };
  const audio = { codec: "mp4a.40.2", sample_rate: 48_000, channels: 2 };
  expect(advice({ silence_ms: 10, bitrate: 1, video, audio })).toEqual([]);
  const long = advice({ silence_ms: 10, bitrate: 1, video: { ...video, key_frame_interval_ms: 8300 }, audio });
  expect(long).toHaveLength(1);
  expect(long[0]).toContain("8.3 s apart");
  expect(advice({ silence_ms: 5000, bitrate: 0, video: null, audio })).toHaveLength(2);
});

it("reaches a server that knows itself by a loopback address alone", () => {
  expect(reachable("http://localhost:8080/hls/a/index.m3u8?grant=1", "http://192.0.2.7:8080/a")).toBe("http://192.0.2.7:8080/hls/a/index.m3u8?grant=1");
  expect(reachable("/hls/a/index.m3u8", "https://tv.example/a")).toBe("https://tv.example/hls/a/index.m3u8");
  expect(reachable("https://cdn.example/x.m3u8", "https://tv.example/a")).toBe("https://cdn.example/x.m3u8");
});
