import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// Where `npm run dev` finds a server: `greenroom serve --demo`, or another by GREENROOM.
const server = process.env.GREENROOM ?? "http://127.0.0.1:8080";

// The server knows pages by their paths, Vite's development server by their files.
const EMBEDDED = /^\/embed\/[^/.]+\/?(\?|$)/;

export default defineConfig({
  plugins: [
    svelte(),
    {
      name: "embedded-page",
      configureServer(dev) {
        dev.middlewares.use((request, _response, next) => {
          if (request.url && EMBEDDED.test(request.url)) request.url = "/embed.html";
          next();
        });
      },
    },
  ],
  build: {
    target: "es2022",
    manifest: true,
    // The content security policy lets in no fonts or scripts from data: addresses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rollupOptions: { input: { index: "index.html", embed: "embed.html" } },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/graphql", "/socket.io", "/hls", "/dash", "/media", "/healthz"].map((path) => [
        path,
        // The Host stays the page's own: the server compares it with the page's origin.
        { target: server, ws: path === "/graphql" || path === "/socket.io", changeOrigin: false },
      ]),
    ),
  },
});
