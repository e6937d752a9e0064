// A FIXTURE for development and screenshots. It serves the built page under the real content security policy and answers
// the commands with made-up data. It is not the console, decides nothing, and is not shipped.
// Run: npm run build && npm run fixture [port]
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { createFixture } from "./fixture-data.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self' ipc: http://ipc.localhost; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export function startFixture(port = 4174) {
  const streams = new Set();
  const push = (event) => { for (const stream of streams) stream.write(`data: ${JSON.stringify(event)}\n\n`); };
  const fixture = createFixture(push);

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://fixture");
    if (fixture.isAway && url.pathname.startsWith("/api/")) { request.socket.destroy(); return; }
    if (url.pathname === "/api/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      response.write(": open\n\n");
      streams.add(response);
      request.on("close", () => streams.delete(response));
      return;
    }
    if (url.pathname.startsWith("/api/")) {
      let body = "";
      for await (const chunk of request) body += chunk;
      if (request.headers["x-andon"] !== "1") return json(response, 403, { code: "forbidden", message: "header missing: X-Andon", hint: null, request_id: "r-0" });
      const [status, answer] = await fixture.answer(url.pathname.slice(5), body === "" ? null : JSON.parse(body));
      return json(response, status, answer);
    }
    const path = normalize(url.pathname === "/" ? "/index.html" : url.pathname);
    try {
      const content = await readFile(join(DIST, path));
      response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream", "Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff" });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      resolve({
        url: `http://127.0.0.1:${server.address().port}/`, fixture, push,
        // What a vanished console looks like: streams cut, calls unanswered.
        away(isAway) { fixture.isAway = isAway; if (isAway) { for (const stream of streams) stream.destroy(); streams.clear(); } },
        close() { for (const stream of streams) stream.destroy(); server.closeAllConnections(); server.close(); },
      });
    });
  });
}

function json(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startFixture(Number(process.argv[2] ?? 4174));
  console.log(`fixture, not the console: ${url}`);
}
