// What a connection has received and nobody has taken yet. The reader takes at once, so that what
// lies here is what came in one go.

import { closed } from "./errors.js";

/** The receiving half of a connection: put, gap and end are the transport's, receive is the reader's. */
export class Inbox {
  #queue = [];
  #head = 0;
  #waiting = null; // {resolve, reject} of the receive that waits
  #ended = null;
  tail; // of the last message put in the queue: where a request, or another connection, goes on

  constructor(after) {
    this.tail = after;
  }

  get ended() {
    return this.#ended;
  }

  /** Takes a batch that came. */
  put(batch) {
    for (const m of batch.messages) {
      this.#add(m);
      this.tail = { epoch: m.epoch, offset: m.offset };
    }
  }

  /** Reports a gap in its turn; what comes next is behind it. */
  gap(error) {
    this.#add(error);
    this.tail = error.resume;
  }

  /** Ends the connection; the first call says why. What came before can still be received. */
  end(error) {
    if (this.#ended) return;
    this.#ended = error ?? closed();
    this.#waiting?.reject(this.#ended);
    this.#waiting = null;
  }

  get empty() {
    return this.#head === this.#queue.length;
  }

  /** The next message. Rejects with a GapError in its turn, and at the end with what ended the connection. */
  receive() {
    if (!this.empty) {
      const item = this.#queue[this.#head++];
      if (this.empty) {
        this.#queue = [];
        this.#head = 0;
      }
      return item instanceof Error ? Promise.reject(item) : Promise.resolve(item);
    }
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  #add(item) {
    const waiting = this.#waiting;
    if (!waiting) {
      this.#queue.push(item);
      return;
    }
    this.#waiting = null;
    if (item instanceof Error) waiting.reject(item);
    else waiting.resolve(item);
  }
}
