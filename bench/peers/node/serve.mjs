// serve.mjs: what the servers of Node have in common. They announce themselves with a line of JSON, take
// POST /publish and POST /collect, and end with their input.
import { createServer } from "node:http";

export function serve(attach, publish) {
  const server = createServer((request, response) => {
    if (request.method !== "POST" || !["/publish", "/collect"].includes(request.url)) {
      response.writeHead(404).end();
      return;
    }
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      if (request.url === "/collect") globalThis.gc?.();
      else publish(Buffer.concat(parts).toString());
      response.writeHead(204).end();
    });
  });
  attach(server);
  server.listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({ pid: process.pid, addr: `127.0.0.1:${server.address().port}` }));
  });
  process.stdin.resume().on("end", () => process.exit(0));
}
