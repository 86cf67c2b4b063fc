// Frames both ways over one connection (RFC 6455), with the browser's WebSocket. Messages go up in
// frames that are acknowledged by frames; each frame down holds a batch.

import { asError, closed, errorOf, errorOfClose, malformed } from "./errors.js";
import { address } from "./http.js";
import { Inbox } from "./inbox.js";
import { parseBatch, parseBinary, parseControl, writeUp } from "./wire.js";

export function dial(target) {
  const conn = new Conn(target);
  return conn.opened.then(() => conn);
}

class Conn {
  #ws;
  #inbox;
  #epoch;
  #refuse;
  #waiting = new Map(); // by ID: the sends whose acknowledgement has not come

  constructor(target) {
    this.#inbox = new Inbox(target.after);
    this.#epoch = target.after.epoch;
    const ws = new WebSocket(address(target.url, "websocket", target.topic, target.after).replace(/^http/, "ws"));
    this.#ws = ws;
    ws.binaryType = "arraybuffer";
    ws.onmessage = (e) => this.#take(e.data);
    this.opened = new Promise((resolve, reject) => {
      ws.onopen = () => {
        target.onState?.({ phase: "open", text: "" });
        resolve();
      };
      ws.onclose = (e) => this.#end(errorOfClose(e.code, e.reason));
      this.#refuse = reject;
    });
    target.signal?.addEventListener("abort", () => this.close(), { once: true });
  }

  #take(data) {
    try {
      if (typeof data !== "string") this.#batch(parseBinary(new Uint8Array(data), this.#epoch));
      else if (data[0] === "{") this.#control(parseControl(data));
      else this.#batch(parseBatch(data, this.#epoch));
    } catch (e) {
      this.#end(asError(e));
    }
  }

  #batch(batch) {
    this.#epoch = batch.epoch;
    this.#inbox.put(batch);
  }

  #control(c) {
    if (c.ack) return this.#acks(c);
    if (c.type === "gap") {
      const gap = errorOf({ ...c, code: "gap" }, this.#inbox.tail);
      if (gap.code !== "gap") throw gap;
      this.#epoch = gap.epoch;
      this.#inbox.gap(gap);
    } else if (c.type === "error" && c.error) {
      this.#waiting.get(c.id)?.reject(errorOf(c.error, this.#inbox.tail));
      this.#waiting.delete(c.id);
    }
  }

  /** {"epoch"?, "ack": [id, offset, …]} answers messages that went up. */
  #acks({ epoch, ack }) {
    if (epoch) this.#epoch = epoch;
    if (!Array.isArray(ack) || ack.length % 2) throw malformed("an acknowledgement cannot be read");
    for (let i = 0; i < ack.length; i += 2) {
      this.#waiting.get(ack[i])?.resolve({ epoch: this.#epoch, offset: ack[i + 1] });
      this.#waiting.delete(ack[i]);
    }
  }

  receive() {
    return this.#inbox.receive();
  }

  send(message) {
    if (this.#inbox.ended) return Promise.reject(this.#inbox.ended);
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      this.#ws.send(writeUp(message));
    });
  }

  #end(error) {
    this.#inbox.end(error);
    this.#refuse(this.#inbox.ended); // who still waits for the opening
    for (const w of this.#waiting.values()) w.reject(this.#inbox.ended);
    this.#waiting.clear();
    // A browser complains of a socket that is closed before it is open, as if something had failed.
    if (this.#ws.readyState === WebSocket.CONNECTING) this.#ws.onopen = () => this.#ws.close();
    else this.#ws.close();
  }

  close() {
    this.#end(closed());
  }
}
