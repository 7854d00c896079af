// What is said of a recording.

import type { Recording } from "../api/types";

/** Whether what is published goes into it, or is about to. */
export function isRunning({ state }: Pick<Recording, "state">): boolean {
  return state === "starting" || state === "recording";
}

export function words({ state, error, limit_reached }: Pick<Recording, "state" | "error" | "limit_reached">): string {
  switch (state) {
    case "starting":
      return "Starting…";
    case "recording":
      return "Recording";
    case "processing":
      return "Being made ready…";
    case "available":
      return limit_reached ? "Ready; it reached a limit and ended there" : "Ready";
    case "failed":
      return `Failed: ${reason(error)}`;
  }
}

function reason(error: Recording["error"]): string {
  switch (error) {
    case "ABORTED":
      return "it ended before anything was recorded";
    case "LOST":
      return "the recorder did not finish it";
    default:
      return "the recorder could not do it";
  }
}
