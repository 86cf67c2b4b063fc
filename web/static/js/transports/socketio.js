// Socket.IO, with the official client. Topic and cursor go up at the handshake, and at each of the
// reconnections that the client makes by itself; messages come as the event "batch".

import { TransportError, asError, closed, errorOf, malformed, network } from "./errors.js";
import { Inbox } from "./inbox.js";
import { formatCursor, parseBatch, parseBinary, writeUp } from "./wire.js";

const library = "../../vendor/socket.io.esm.min.js";
const ackTimeout = 10_000; // milliseconds

// What each mode dials: Engine.IO's transports in order, and whether it moves from the first to the second.
const modes = {
  websocket: { transports: ["websocket", "polling"], tryAllTransports: true, upgrade: false },
  upgrade: { transports: ["polling", "websocket"] },
  polling: { transports: ["polling"], upgrade: false },
};

/** Loads the official client, which is no part of the repository. */
export async function load() {
  try {
    return await import(library);
  } catch {
    throw new TransportError("vendor", "The official Socket.IO client is missing from this build: run “make demo”, which fetches it.");
  }
}

export async function dial(target) {
  const { Manager } = await load();
  const conn = new Conn(target, Manager);
  await conn.opened;
  return conn;
}

class Conn {
  #inbox;
  #epoch;
  #manager;
  #socket;
  #target;
  #refuse;

  constructor(target, Manager) {
    this.#target = target;
    this.#inbox = new Inbox(target.after);
    this.#epoch = target.after.epoch;
    this.#manager = new Manager(target.url, {
      path: `/socketio/${target.topic}`,
      addTrailingSlash: false,
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 200,
      reconnectionDelayMax: 5000,
      timeout: 10_000,
      ...modes[target.mode],
    });
    // Asked for at every handshake: it goes on where the last connection ended.
    const auth = (give) => give({ after: formatCursor(this.#inbox.tail) });
    this.#socket = this.#manager.socket("/", { auth });
    this.#listen();
    this.opened = new Promise((resolve, reject) => {
      this.#refuse = reject;
      const failed = (e) => this.#end(network(this.#reason(e)));
      this.#manager.once("error", failed);
      this.#socket.once("connect", () => {
        this.#manager.off("error", failed); // from now on it connects again by itself
        resolve();
      });
    });
    target.signal?.addEventListener("abort", () => this.close(), { once: true });
    this.#socket.connect();
  }

  #listen() {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#epoch = this.#inbox.tail.epoch;
      this.#opened();
      this.#manager.engine.on("upgrade", () => this.#opened());
    });
    socket.on("connect_error", (e) => {
      // Where the client goes on trying, it says so through the manager; a refused namespace it does not.
      if (!socket.active) this.#end(network(this.#reason(e)));
    });
    socket.on("disconnect", (why) => {
      if (socket.active) this.#state("reconnecting", "Socket.IO connects again by itself");
      else this.#end(network(`Socket.IO: ${why}`));
    });
    this.#manager.on("reconnect_attempt", (n) => this.#state("reconnecting", `Socket.IO connects again by itself, attempt ${n}`));
    socket.on("batch", (batch) => this.#guard(() => this.#batch(batch)));
    socket.on("control", (c) => this.#guard(() => this.#control(c)));
  }

  #state(phase, text) {
    if (!this.#inbox.ended) this.#target.onState?.({ phase, text });
  }

  #opened() {
    const now = this.#manager.engine.transport.name;
    const wanted = modes[this.#target.mode].transports[0];
    const over = now === "websocket" ? "over WebSocket" : "over HTTP long polling";
    let text = over;
    if (now === "polling" && wanted === "websocket") text = "WebSocket failed: fell back to HTTP long polling";
    if (now === "websocket" && wanted === "polling") text = "upgraded to WebSocket";
    this.#state("open", text);
  }

  #reason(e) {
    return `Socket.IO: ${e?.message ?? "the connection failed"}`;
  }

  #guard(take) {
    try {
      take();
    } catch (e) {
      this.#end(asError(e));
    }
  }

  #batch(data) {
    const batch = Array.isArray(data) ? parseBatch(data, this.#epoch) : parseBinary(new Uint8Array(data), this.#epoch);
    this.#epoch = batch.epoch;
    this.#inbox.put(batch);
  }

  #control(c) {
    if (c?.type === "gap") {
      const gap = errorOf({ ...c, code: "gap" }, this.#inbox.tail);
      if (gap.code !== "gap") throw gap;
      this.#epoch = gap.epoch;
      this.#inbox.gap(gap);
    } else if (c?.type === "bye" && c.error) {
      throw errorOf(c.error, this.#inbox.tail);
    }
  }

  receive() {
    return this.#inbox.receive();
  }

  async send(message) {
    if (this.#inbox.ended) throw this.#inbox.ended;
    const batch = message.binary ? writeUp(message) : [message.id, message.data];
    let answer;
    try {
      answer = await new Promise((resolve, reject) => {
        this.#socket.timeout(ackTimeout).emit("send", batch, (error, ...args) => (error ? reject(error) : resolve(args)));
      });
    } catch (e) {
      throw this.#inbox.ended ?? network(this.#reason(e));
    }
    if (answer.length === 2) return { epoch: answer[0], offset: answer[1] };
    throw answer[0]?.code ? errorOf(answer[0], this.#inbox.tail) : malformed("an acknowledgement cannot be read");
  }

  #end(error) {
    this.#inbox.end(error);
    this.#refuse(this.#inbox.ended); // who still waits for the opening
    this.#manager.reconnection(false);
    const { engine } = this.#manager;
    // A browser complains of a WebSocket that is closed before it is open, as if something had failed.
    if (engine?.readyState === "opening") engine.once("open", () => this.#hangUp());
    else this.#hangUp();
  }

  // Engine.IO's goodbye says it all; one of the namespace's before it would be a request more, which the
  // session's end overtakes.
  #hangUp() {
    this.#manager.engine?.close();
    this.#socket.disconnect();
  }

  close() {
    this.#end(closed());
  }
}
