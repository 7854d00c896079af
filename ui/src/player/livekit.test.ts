import { DisconnectReason } from "livekit-client";
import { expect, test } from "vitest";
import { departure } from "./livekit";

test("why a room was left decides whether one comes again", () => {
  expect(departure(DisconnectReason.DUPLICATE_IDENTITY)).toBe("displaced");
  expect(departure(DisconnectReason.PARTICIPANT_REMOVED)).toBe("removed");
  expect(departure(DisconnectReason.ROOM_DELETED)).toBe("closed");
  expect(departure(DisconnectReason.ROOM_CLOSED)).toBe("closed");
  for (const broken of [DisconnectReason.SIGNAL_CLOSE, DisconnectReason.SERVER_SHUTDOWN, DisconnectReason.UNKNOWN_REASON, undefined]) {
    expect(departure(broken)).toBe("lost");
  }
});
