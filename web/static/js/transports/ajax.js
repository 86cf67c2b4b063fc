// Exchanges only what changed: a conditional GET whose ETag is the cursor, on an interval that adapts,
// and a POST whose answer already carries what is new. The POST is an XMLHttpRequest, as the name says.
// The GET is not: to another port, and each lane has one, Chromium asks before every conditional
// XMLHttpRequest whether it may (an OPTIONS), which a page on its own server never pays. With fetch the
// permission is kept, as long as the cache mode is not one that distrusts caches.

import { closed, network } from "./errors.js";
import { address, request } from "./http.js";
import { Pull } from "./pull.js";
import { formatCursor } from "./wire.js";

export async function dial(target) {
  const { intervalMs, batch } = target.options;
  let interval = 0;
  return new Pull(
    {
      name: "ajax",
      news: true,
      request: (url, init) => (init.method === "POST" ? xhr(url, init) : request(url, { ...init, cache: "force-cache" })),
      ask: (after) => ({
        url: address(target.url, "ajax", target.topic),
        headers: { "If-None-Match": `"${formatCursor(after)}"` },
      }),
      next(n) {
        interval = n > 0 || interval === 0 ? intervalMs / 4 : Math.min(interval * 2, intervalMs * 4);
        return n >= batch ? 0 : interval;
      },
    },
    target,
  );
}

/** One request with XMLHttpRequest, in the terms of request in http.js. */
export function xhr(url, { method = "GET", headers = {}, body = null, signal } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(closed());
    const x = new XMLHttpRequest();
    const abort = () => x.abort();
    const done = (settle, value) => {
      signal?.removeEventListener("abort", abort);
      settle(value);
    };
    signal?.addEventListener("abort", abort);
    x.open(method, url);
    x.responseType = "arraybuffer";
    for (const [name, value] of Object.entries(headers)) x.setRequestHeader(name, value);
    x.onload = () => done(resolve, { status: x.status, type: x.getResponseHeader("Content-Type") ?? "", bytes: new Uint8Array(x.response ?? 0) });
    x.onerror = () => done(reject, network("the request failed"));
    x.onabort = () => done(reject, closed());
    x.send(body);
  });
}
