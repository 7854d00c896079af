import { defineConfig } from "vite";

// A build of its own beside the interface's: together they would share chunks, and every page
// would load something for a page that few open.
export default defineConfig({
  build: {
    target: "es2022",
    emptyOutDir: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1100,
    rollupOptions: {
      input: "graphiql.html",
      onLog(level, log, handle) {
        // "use client" is for servers that render React's components: there is none here.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
    },
  },
});
