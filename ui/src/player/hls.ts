// The player's library with its worker: a chunk of its own, loaded where something is played.

import Hls from "hls.js";
import workerPath from "hls.js/dist/hls.worker.js?url";

export const library = { Hls, workerPath };
