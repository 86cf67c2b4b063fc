// The errors of the contract, the same over every transport and carried across the wire by their code.

/** A refusal or failure. Codes that retryable is false for end a lane; the others are dialled over. */
export class TransportError extends Error {
  constructor(code, message, { retryable = false, retryAfter = 0 } = {}) {
    super(message);
    this.name = "TransportError";
    this.code = code;
    this.retryable = retryable;
    this.retryAfter = retryAfter; // milliseconds
  }
}

/**
 * Messages between a cursor and the next available one cannot be delivered: they were trimmed, or
 * their log was lost. first and last are what the log holds now, in epoch; last + 1 === first when it
 * holds nothing.
 */
export class GapError extends TransportError {
  constructor(after, epoch, first, last) {
    super("gap", describeGap(after, epoch, first, last), { retryable: true });
    this.name = "GapError";
    this.after = after;
    this.epoch = epoch;
    this.first = first;
    this.last = last;
  }

  /** The cursor behind the gap: reading on from there misses nothing more. */
  get resume() {
    const ahead = this.after.epoch === this.epoch && this.after.offset > this.last;
    return { epoch: this.epoch, offset: ahead ? this.last : this.first - 1 };
  }

  /** How many messages are known to be missing: 0 when the log itself was lost. */
  get missing() {
    return this.after.epoch === this.epoch ? Math.max(0, this.first - 1 - this.after.offset) : 0;
  }
}

function describeGap(after, epoch, first, last) {
  if (after.epoch !== epoch) return `the log of epoch ${after.epoch} is gone; a new one, ${epoch}, holds ${first} to ${last}`;
  if (after.offset > last) return `the cursor ${after.offset} is ahead of the log, which ends at ${last}`;
  return `messages ${after.offset + 1} to ${first - 1} are no longer held`;
}

export const closed = () => new TransportError("closed", "the connection is closed");
export const malformed = (what) => new TransportError("malformed", what);
export const network = (what) => new TransportError("network", what, { retryable: true });

/** A function that rethrows nothing: what any caught value is as a TransportError. */
export function asError(e) {
  if (e instanceof TransportError) return e;
  if (e?.name === "AbortError") return closed();
  return network(e?.message || String(e));
}

/** The error that a body {code, message, retryable, retry_after_ms, …} stands for. */
export function errorOf(body, after) {
  if (body.code === "gap") {
    if (typeof body.epoch !== "string" || !Number.isSafeInteger(body.first) || !Number.isSafeInteger(body.last)) {
      return malformed("the server reported a gap that cannot be read");
    }
    return new GapError(after, body.epoch, body.first, body.last);
  }
  return new TransportError(String(body.code), String(body.message ?? body.code), {
    retryable: body.retryable === true,
    retryAfter: Number(body.retry_after_ms) || 0,
  });
}

/** The error that an HTTP answer other than a success carries; one that is not ours is told by its status. */
export function errorOfAnswer(status, text, after) {
  try {
    const body = JSON.parse(text)?.error;
    if (body?.code) return errorOf(body, after);
  } catch {
    // Not the lab's own: a proxy's page, or nothing.
  }
  return new TransportError(`http_${status}`, `the server answered ${status}`, { retryable: status >= 500 || status === 429 });
}

const closes = {
  1001: ["draining", "this node is going away; connect again", true],
  1002: ["malformed", "the request does not follow the protocol", false],
  1003: ["unsupported", "this kind of content is not supported here", false],
  1007: ["invalid_utf8", "text must be valid UTF-8", false],
  1009: ["too_large", "the message is larger than this server takes", false],
  1011: ["internal", "internal error", true],
  1013: ["unavailable", "the store cannot be reached; try again", true],
  4008: ["slow_consumer", "the client reads too slowly; resume at its cursor", true],
  4012: ["timeout", "the peer was silent for too long", true],
  4029: ["rate_limited", "too many messages or connections; slow down", true],
};

/** The error that a WebSocket close code stands for. Of the unknown ones, those from 4500 on are final. */
export function errorOfClose(code, reason) {
  const known = closes[code];
  if (known) return new TransportError(known[0], known[1], { retryable: known[2] });
  if (code === 1006 || code === 1005 || code === 1000) return network("the connection ended");
  return new TransportError(reason || `close_${code}`, `closed with code ${code}`, { retryable: code < 4500 });
}
