import { describe, expect, it } from "vitest";
import type { Recording } from "../api/types";
import { isRunning, words } from "./recording";

const said = (state: Recording["state"], more: Partial<Recording> = {}) => words({ state, error: null, limit_reached: false, ...more });

describe("a recording", () => {
  it("runs from when it is asked for until nothing more comes to it", () => {
    const states: Recording["state"][] = ["starting", "recording", "processing", "available", "failed"];
    expect(states.filter((state) => isRunning({ state }))).toEqual(["starting", "recording"]);
  });

  it("is told of in words, and why it failed", () => {
    expect(said("recording")).toBe("Recording");
    expect(said("available")).toBe("Ready");
    expect(said("available", { limit_reached: true })).toContain("limit");
    const failed = (["RECORDER_FAILED", "ABORTED", "LOST"] as const).map((error) => said("failed", { error }));
    expect(new Set(failed).size).toBe(3);
    for (const text of failed) expect(text).toMatch(/^Failed: /);
  });
});
