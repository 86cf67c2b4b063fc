// How messages and positions are written on every transport. In text a batch is one flat JSON array,
//   down  ["epoch",first,"id","data","id",{"b64":"…"},…]   the epoch where the reader cannot know it
//   up    ["id","data",…]
// and where the medium carries bytes as they are, integers are unsigned LEB128:
//   down  length of the epoch, epoch, offset of the first message, entries
//   entry 2 × length of the ID + 1 if binary, ID, length of the data, data

import { malformed } from "./errors.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The form in which a cursor travels: "epoch:offset", "" for the place before everything. */
export const formatCursor = (c) => (c && c.epoch ? `${c.epoch}:${c.offset}` : "");

/** Reads what formatCursor wrote. */
export function parseCursor(text) {
  if (text === "") return { epoch: "", offset: 0 };
  const m = /^([A-Za-z0-9_-]{1,32}):(0|[1-9][0-9]{0,15})$/.exec(text);
  const offset = m ? Number(m[2]) : NaN;
  if (!Number.isSafeInteger(offset)) throw malformed("a cursor is written epoch:offset");
  return { epoch: m[1], offset };
}

export const sameCursor = (a, b) => a.epoch === b.epoch && a.offset === b.offset;

/**
 * Reads a batch that went down, as text or as the array that somebody parsed already. epoch is what the
 * reader knows; a batch that states its own wins.
 */
export function parseBatch(source, epoch = "") {
  let a = source;
  if (typeof source === "string") {
    try {
      a = JSON.parse(source);
    } catch {
      throw malformed("a batch is not JSON");
    }
  }
  if (!Array.isArray(a)) throw malformed("a batch is not an array");
  let i = 0;
  if (typeof a[0] === "string") epoch = a[i++];
  const first = a[i++];
  if (!Number.isSafeInteger(first) || first < 0) throw malformed("a batch states no offset");
  if (!epoch) throw malformed("the server stated no epoch");
  if ((a.length - i) % 2 !== 0) throw malformed("a batch ends within a message");
  const messages = [];
  for (let offset = first; i < a.length; i += 2, offset++) {
    const id = a[i];
    if (typeof id !== "string") throw malformed("a message's ID is not text");
    messages.push(entry(epoch, offset, id, a[i + 1]));
  }
  return { epoch, first, messages };
}

function entry(epoch, offset, id, data) {
  if (typeof data === "string") return { epoch, offset, id, data, binary: false };
  const coded = data?.b64;
  if (typeof coded !== "string" || Object.keys(data).length !== 1) throw malformed("a message's data is neither text nor bytes");
  try {
    return { epoch, offset, id, data: Uint8Array.from(atob(coded), (c) => c.charCodeAt(0)), binary: true };
  } catch {
    throw malformed("a message's bytes are not base64");
  }
}

/** Reads a binary batch that went down. The messages' bytes share the source's memory. */
export function parseBinary(bytes, epoch = "") {
  const r = new Reader(bytes);
  const stated = r.text(r.integer());
  if (stated.length > 32) throw malformed("an epoch is longer than 32 bytes");
  epoch = stated || epoch;
  if (!epoch) throw malformed("the server stated no epoch");
  const first = r.integer();
  const messages = [];
  for (let offset = first; !r.done; offset++) {
    const kind = r.integer();
    const id = r.text(Math.floor(kind / 2));
    const size = r.integer();
    const binary = kind % 2 === 1;
    messages.push({ epoch, offset, id, data: binary ? r.take(size) : r.text(size), binary });
  }
  return { epoch, first, messages };
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get done() {
    return this.at === this.bytes.length;
  }

  integer() {
    let value = 0;
    for (let scale = 1; this.at < this.bytes.length; scale *= 128) {
      const b = this.bytes[this.at++];
      value += (b & 127) * scale;
      if (!Number.isSafeInteger(value)) break;
      if (b < 128) return value;
    }
    throw malformed("an integer of a binary batch cannot be read");
  }

  take(n) {
    if (n > this.bytes.length - this.at) throw malformed("a binary batch ends within a message");
    return this.bytes.subarray(this.at, (this.at += n));
  }

  text(n) {
    const p = this.take(n);
    try {
      return utf8.decode(p);
    } catch {
      throw malformed("text of a binary batch is not UTF-8");
    }
  }
}

/** Writes one message that goes up in the form that it has alone: a string, or bytes if it is binary. */
export function writeUp(m) {
  if (!m.binary) return JSON.stringify([m.id, m.data]);
  const id = encoder.encode(m.id);
  const head = [...integer(id.length * 2 + 1), ...id, ...integer(m.data.length)];
  const out = new Uint8Array(head.length + m.data.length);
  out.set(head);
  out.set(m.data, head.length);
  return out;
}

function integer(n) {
  const out = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  out.push(n);
  return out;
}

/** Reads the part of an answer or a frame that is an object: a control. */
export function parseControl(text) {
  try {
    const c = JSON.parse(text);
    if (c && typeof c === "object" && !Array.isArray(c)) return c;
  } catch {
    // told below
  }
  throw malformed("a control cannot be read");
}

/** A random ID, under which a message that is sent again is stored once. */
export function newID() {
  const b = crypto.getRandomValues(new Uint8Array(12));
  return btoa(String.fromCharCode(...b)).replaceAll("+", "-").replaceAll("/", "_");
}
