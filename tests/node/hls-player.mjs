// hls.js in a headless Chromium. See browser.mjs for what goes in and comes out.

import { play } from "./browser.mjs";

await play({
  library: "hls.js/dist/hls.js",
  start: (video, url, config) => {
    let errors = [];
    let discontinuity = null;
    let programDateTime = null;
    const hls = new Hls(config);
    hls.on(Hls.Events.ERROR, (_, data) => {
      errors.push({
        type: data.type,
        details: data.details,
        fatal: data.fatal,
        status: data.response?.code ?? null,
        url: data.frag?.url ?? data.url ?? null,
        message: data.error?.message ?? null,
      });
    });
    hls.on(Hls.Events.FRAG_CHANGED, (_, data) => {
      discontinuity = data.frag.cc;
      programDateTime = data.frag.programDateTime ?? null;
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      video.play().catch(() => {});
    });
    hls.loadSource(url);
    hls.attachMedia(video);
    return {
      errors: () => errors.splice(0),
      sample: () => ({
        latency: hls.latency ?? null,
        lowLatency: hls.latestLevelDetails?.partList != null,
        levels: hls.levels.length,
        audioTracks: hls.audioTracks.length,
        // The fragment that is shown: its discontinuity counter and wall-clock start (ms).
        discontinuity,
        programDateTime,
        endList: hls.latestLevelDetails ? !hls.latestLevelDetails.live : null,
      }),
    };
  },
});
