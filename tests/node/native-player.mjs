// Chromium's own HLS player. See browser.mjs for what goes in and comes out.

import { play } from "./browser.mjs";

await play({
  library: null,
  start: (video, url) => {
    let errors = [];
    video.addEventListener("error", () => {
      errors.push({ code: video.error?.code ?? null, message: video.error?.message ?? null, fatal: true });
    });
    video.src = url;
    video.play().catch(() => {});
    return { errors: () => errors.splice(0), sample: () => ({}) };
  },
});
