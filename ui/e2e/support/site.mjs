// The interface beside a server of its own, until the server brings it along: files of dist/
// with the headers that it will send, all else passed on. To be deleted then, together with
// its one use in `server.mjs`.

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const POLICY =
  "default-src 'self'; worker-src 'self'; media-src 'self' blob:; img-src 'self' data: https:; connect-src 'self'";
const PASSED = /^\/(api|socket\.io|hls|dash|media|healthz)(\/|$)/;

/** Serves dist/ at a port and passes all else on to `port()`. */
export function serveSite(at, port) {
  const site = createServer((incoming, outgoing) => {
    const path = new URL(incoming.url, "http://site").pathname;
    if (PASSED.test(path)) return pass(incoming, outgoing, port());
    const file = fileOf(path);
    const isPage = file.endsWith(".html");
    outgoing.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "cache-control": isPage ? "no-cache" : "public, max-age=31536000, immutable",
      ...(isPage && {
        "content-security-policy": path.startsWith("/embed/") ? POLICY : `${POLICY}; frame-ancestors 'none'`,
      }),
    });
    createReadStream(file).pipe(outgoing);
  });
  site.on("upgrade", (incoming, socket, head) => {
    const upstream = connect(port(), "127.0.0.1", () => {
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
      for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
        lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
      }
      upstream.write(`${lines.join("\r\n")}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    const end = () => (upstream.destroy(), socket.destroy());
    for (const one of [upstream, socket]) one.on("error", end).on("close", end);
  });
  return new Promise((resolve, reject) => site.once("error", reject).listen(at, "127.0.0.1", () => resolve(site)));
}

function fileOf(path) {
  const file = join(dist, normalize(path));
  if (file.startsWith(dist) && existsSync(file) && statSync(file).isFile()) return file;
  return join(dist, path.startsWith("/embed/") ? "embed.html" : "index.html");
}

function pass(incoming, outgoing, port) {
  const upstream = request(
    { host: "127.0.0.1", port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    },
  );
  upstream.on("error", () => {
    if (!outgoing.headersSent) outgoing.writeHead(502);
    outgoing.end();
  });
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}
