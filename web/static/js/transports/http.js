// What the transports over plain HTTP share: the address of a topic, the request made with fetch, the
// POST that appends.

import { asError, errorOfAnswer, malformed } from "./errors.js";
import { formatCursor, parseBatch, parseBinary, writeUp } from "./wire.js";

/** The address of a topic at a cursor. */
export function address(base, arm, topic, after) {
  const query = after && after.epoch ? `?after=${formatCursor(after)}` : "";
  return `${base}/${arm}/${encodeURIComponent(topic)}${query}`;
}

/**
 * One request with fetch. Its answer is {status, type, bytes}; failures are TransportErrors. Nothing of
 * the lab is ever in a cache (the server says no-store). To say so here as well would be harmless but
 * for Chromium, which then asks again, before each request of its own to another port, whether it may.
 */
export async function request(url, { method = "GET", headers = {}, body, signal, cache = "default" } = {}) {
  try {
    const r = await fetch(url, { method, headers, body, signal, cache, credentials: "omit", redirect: "error" });
    return { status: r.status, type: r.headers.get("Content-Type") ?? "", bytes: new Uint8Array(await r.arrayBuffer()) };
  } catch (e) {
    throw asError(e);
  }
}

const decoder = new TextDecoder();
export const textOf = (answer) => decoder.decode(answer.bytes);

/** The batch that an answer to a question after a cursor holds, null when there was nothing new. */
export function batchOf(answer, after) {
  switch (answer.status) {
    case 204:
    case 304:
      return null;
    case 200:
      if (answer.type === "application/octet-stream") return parseBinary(answer.bytes, after.epoch);
      return parseBatch(textOf(answer), after.epoch);
  }
  throw errorOfAnswer(answer.status, textOf(answer), after);
}

/** The POST that appends a message, made with ask. Its answer is {epoch, offset, news?}. */
export async function post(url, message, signal, ask = request) {
  const headers = { "Content-Type": message.binary ? "application/octet-stream" : "application/json" };
  const answer = await ask(url, { method: "POST", headers, body: writeUp(message), signal });
  if (answer.status !== 200) throw errorOfAnswer(answer.status, textOf(answer), { epoch: "", offset: 0 });
  try {
    const at = JSON.parse(textOf(answer));
    if (typeof at.epoch === "string" && Number.isSafeInteger(at.offset)) return at;
  } catch {
    // told below
  }
  throw malformed("the answer to a POST cannot be read");
}
