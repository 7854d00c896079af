// dash.js in a headless Chromium. See browser.mjs for what goes in and comes out.

import { play } from "./browser.mjs";

await play({
  library: "dashjs/dist/modern/umd/dash.all.min.js",
  start: (video, url, config) => {
    let errors = [];
    let periods = 0;
    const player = dashjs.MediaPlayer().create();
    const events = dashjs.MediaPlayer.events;
    player.updateSettings(config);
    // The clock is the media server's affair; nothing outside is asked.
    player.clearDefaultUTCTimingSources();
    player.on(events.ERROR, ({ error }) => {
      errors.push({
        code: error.code ?? null,
        message: error.message ?? String(error),
        // Without the server's clock it goes on with its own; after the others it gives up.
        fatal: error.code !== dashjs.MediaPlayer.errors.TIME_SYNC_FAILED_ERROR_CODE,
      });
    });
    player.on(events.PLAYBACK_ERROR, ({ error }) => {
      errors.push({ code: error?.code ?? null, message: error?.message ?? null, fatal: true });
    });
    player.on(events.PERIOD_SWITCH_COMPLETED, () => {
      periods += 1;
    });
    // It must start the element itself: it waits for the `play` event to go on reading the MPD.
    player.initialize(video, url, true);
    return {
      errors: () => errors.splice(0),
      sample: () => {
        const live = player.isReady() && player.isDynamic();
        return {
          latency: live ? player.getCurrentLiveLatency() : null,
          // How many periods began to play.
          periods,
        };
      },
    };
  },
});
