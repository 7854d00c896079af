// What an encoder's numbers mean for those who watch.

import type { EncoderStatus } from "../api/types";
import { seconds } from "../lib/format";

/** From key frame to key frame: longer than this delays every viewer. */
export const LONG_KEY_FRAMES_MS = 4000;
/** Silent for longer than this: something is stuck. */
export const SILENT_MS = 2000;

/** What the creator should do, if anything. */
export function advice(status: EncoderStatus): string[] {
  const found = [];
  if (status.silence_ms > SILENT_MS) {
    found.push(`Nothing has come for ${seconds(status.silence_ms)}: look at your connection.`);
  }
  const interval = status.video?.key_frame_interval_ms;
  if (interval && interval > LONG_KEY_FRAMES_MS) {
    found.push(`Key frames are ${seconds(interval)} apart, so viewers are that far behind and wait that long to begin. Set the key frame interval to 2 s (OBS: Settings → Output → Streaming → Keyframe Interval).`);
  }
  if (!status.video) found.push("There is no picture: only sound is received.");
  if (!status.audio) found.push("There is no sound: only the picture is received.");
  return found;
}
