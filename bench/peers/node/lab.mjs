// lab.mjs serves the lab's small protocol over Socket.IO with the official server, so that one command
// compares that with ours:
//
//   npm ci && node lab.mjs [port] &
//   transportlab run --target http://127.0.0.1:3000 -t socketio
//
// The protocol, as package transports/socketio has it: the path is /socketio/{topic}, the namespace "/".
//
//   up    "send"         a batch of one message; acknowledged with (epoch, offset) or ({code, message, …})
//   up    "subscribe"    a cursor, "epoch:offset", "" for the oldest message held
//   up    "unsubscribe"
//   down  "batch"        consecutive messages behind the cursor
//   down  "control"      {type: "subscribed"}, {type: "gap", epoch, first, last} or {type: "bye", error}
//
// A batch is a flat array: up [id, data], down [epoch, first offset, id, data, id, data, …]. Binary messages
// go as a Buffer instead: for each message 2 × length of the ID + 1, ID, length of the data, data; down with
// the length of the epoch, the epoch and the first offset before them. Integers are unsigned LEB128.
// CONNECT's credentials {after: cursor} subscribe at once.
//
// Topics are in memory, bounded by RETAINED messages each. Fan-out is the server's own: a room for each topic.
import { createServer } from "node:http";
import { randomBytes, randomUUID } from "node:crypto";
import { Server } from "socket.io";

const RETAINED = 100_000; // messages of a topic
const MAX_TOPICS = 10_000;
const MAX_MESSAGE = 64 * 1024;
const BATCH = 256;

const ERRORS = {
  malformed: "the request does not follow the protocol",
  too_large: "the message is larger than this server takes",
  idempotency_conflict: "this message id was used before with other data",
  cursor_invalid: "a cursor is written epoch:offset",
  topic_invalid: "a topic is 1 to 128 of the characters A-Z a-z 0-9 _ . : - and does not begin with _",
  rate_limited: "too many messages or connections; slow down",
  draining: "this node is going away; connect again",
};
const RETRYABLE = ["rate_limited", "draining"];
const errorBody = (code) => ({ code, message: ERRORS[code], retryable: RETRYABLE.includes(code), retry_after_ms: RETRYABLE.includes(code) ? 1000 : 0 });

class Refusal extends Error {
  constructor(code) {
    super(ERRORS[code]);
    this.code = code;
  }
}

// A topic holds messages with dense offsets; the first of them has the offset `first`.
class Topic {
  epoch = randomBytes(4).toString("hex");
  first = 1;
  messages = [];
  ids = new Map(); // id → offset

  get last() {
    return this.first + this.messages.length - 1;
  }

  // append stores a message, once, and returns its offset and whether it is new.
  append(m) {
    const at = this.ids.get(m.id);
    if (at !== undefined) {
      if (!same(this.messages[at - this.first].data, m.data)) throw new Refusal("idempotency_conflict");
      return { offset: at, fresh: false };
    }
    this.messages.push(m);
    this.ids.set(m.id, this.last);
    // In large steps, because the array is moved.
    if (this.messages.length >= 2 * RETAINED) {
      for (const old of this.messages.splice(0, RETAINED)) this.ids.delete(old.id);
      this.first += RETAINED;
    }
    return { offset: this.last, fresh: true };
  }
}

const same = (a, b) => (typeof a === "string" || typeof b === "string" ? a === b : a.equals(b));

function varint(n) {
  const bytes = [];
  for (; n >= 128; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return Buffer.from([...bytes, n]);
}

// readVarint returns the integer at `at` and where it ends.
function readVarint(p, at) {
  let n = 0;
  for (let scale = 1; at < p.length && scale <= 2 ** 42; scale *= 128) {
    const byte = p[at++];
    n += (byte & 127) * scale;
    if (byte < 128) return [n, at];
  }
  throw new Refusal("malformed");
}

// readUp reads a batch of one message.
function readUp(batch) {
  let id, data;
  if (Buffer.isBuffer(batch)) {
    let [kind, at] = readVarint(batch, 0);
    const binary = kind % 2 === 1;
    const idEnd = at + Math.floor(kind / 2);
    id = batch.subarray(at, idEnd).toString("latin1");
    let size;
    [size, at] = readVarint(batch, idEnd);
    if (at + size !== batch.length) throw new Refusal("malformed");
    data = batch.subarray(at);
    if (!binary) data = data.toString("utf8");
  } else {
    if (!Array.isArray(batch) || batch.length !== 2) throw new Refusal("malformed");
    [id, data] = batch;
  }
  if (id === "") id = randomUUID();
  if (typeof id !== "string" || !/^[!#-[\]-~]{1,128}$/.test(id)) throw new Refusal("malformed");
  if (typeof data !== "string" && !Buffer.isBuffer(data)) throw new Refusal("malformed");
  if (Buffer.byteLength(data) > MAX_MESSAGE) throw new Refusal("too_large");
  return { id, data };
}

// writeDown returns batches of consecutive messages, text and binary apart.
function* writeDown(topic, offset, messages) {
  for (let i = 0; i < messages.length; ) {
    const binary = typeof messages[i].data !== "string";
    let end = i + 1;
    while (end < messages.length && end - i < BATCH && (typeof messages[end].data !== "string") === binary) end++;
    const run = messages.slice(i, end);
    if (binary) {
      const parts = [varint(topic.epoch.length), Buffer.from(topic.epoch), varint(offset + i)];
      for (const m of run) parts.push(varint(2 * m.id.length + 1), Buffer.from(m.id), varint(m.data.length), m.data);
      yield Buffer.concat(parts);
    } else {
      yield [topic.epoch, offset + i, ...run.flatMap((m) => [m.id, m.data])];
    }
    i = end;
  }
}

const topics = new Map();

function topicOf(socket) {
  const name = new URL(socket.handshake.url, "http://localhost").pathname.replace(/\/$/, "").split("/").at(-1);
  if (!/^[A-Za-z0-9.:-][A-Za-z0-9_.:-]{0,127}$/.test(name)) throw new Refusal("topic_invalid");
  let topic = topics.get(name);
  if (!topic) {
    if (topics.size >= MAX_TOPICS) throw new Refusal("rate_limited");
    topics.set(name, (topic = new Topic()));
  }
  return [topic, "topic " + name];
}

// subscribe sends what the topic holds behind the cursor, and joins the room for what is to come: nothing can
// come between, for all of it happens in one turn.
function subscribe(socket, topic, room, after) {
  const cursor = typeof after === "string" && /^(?:|([A-Za-z0-9_-]{1,32}):(0|[1-9][0-9]{0,15}))$/.exec(after);
  if (!cursor) throw new Refusal("cursor_invalid");
  socket.leave(room);
  socket.emit("control", { type: "subscribed" });
  const [, epoch, digits] = cursor;
  let next = epoch === undefined ? topic.first : Number(digits) + 1;
  if (epoch !== undefined && (epoch !== topic.epoch || next < topic.first || next > topic.last + 1)) {
    socket.emit("control", { type: "gap", epoch: topic.epoch, first: topic.first, last: topic.last });
    next = epoch === topic.epoch && next > topic.last + 1 ? topic.last + 1 : topic.first;
  }
  for (const batch of writeDown(topic, next, topic.messages.slice(next - topic.first))) socket.emit("batch", batch);
  socket.join(room);
}

const http = createServer((_, response) => response.writeHead(404).end());
const io = new Server(http, { path: "/socketio", serveClient: false, maxHttpBufferSize: 6 * MAX_MESSAGE + 64 * 1024, pingInterval: 15_000, pingTimeout: 10_000 });

function bye(socket, code) {
  socket.emit("control", { type: "bye", error: errorBody(code) });
  socket.disconnect(true);
}

io.on("connection", (socket) => {
  // Runs f; what it refuses ends the connection.
  const guarded = (f) => {
    try {
      f();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      bye(socket, e.code);
    }
  };
  guarded(() => {
    const [topic, room] = topicOf(socket);
    socket.on("send", (batch, acknowledge) => {
      if (typeof acknowledge !== "function") return bye(socket, "malformed");
      try {
        const m = readUp(batch);
        const { offset, fresh } = topic.append(m);
        acknowledge(topic.epoch, offset);
        if (fresh) for (const b of writeDown(topic, offset, [m])) io.to(room).emit("batch", b);
      } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        acknowledge(errorBody(e.code));
      }
    });
    socket.on("subscribe", (after) => guarded(() => subscribe(socket, topic, room, after)));
    socket.on("unsubscribe", () => socket.leave(room));
    if (socket.handshake.auth.after !== undefined) subscribe(socket, topic, room, socket.handshake.auth.after);
  });
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    for (const socket of io.sockets.sockets.values()) bye(socket, "draining");
    io.close();
  });
}

http.listen(Number(process.argv[2] ?? 3000), "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}`));
