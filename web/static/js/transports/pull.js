// The client that asks again: what polling, AJAX and long polling have in common. It asks for what
// comes after its cursor whenever its caller wants a message and none is left.

import { GapError, closed } from "./errors.js";
import { address, batchOf, post, request } from "./http.js";
import { Inbox } from "./inbox.js";
import { parseBatch, sameCursor } from "./wire.js";

/**
 * A connection. arm is {name, next(n) → milliseconds from the start of the last request, answered
 * with n messages, to the start of the next; ask(after, base) → {url, headers}; news: the answer to a
 * POST carries what is new; request: how to make one}.
 */
export class Pull {
  #arm;
  #target;
  #stop = new AbortController();
  #inbox;
  #next = 0; // when to ask again, by performance.now()
  #wake = null;
  requests = 0;

  constructor(arm, target) {
    this.#arm = { ask: (after) => ({ url: address(target.url, arm.name, target.topic, after) }), request, ...arm };
    this.#target = target;
    this.#inbox = new Inbox(target.after);
    this.#state("connecting");
  }

  #state(phase, text = "") {
    this.#target.onState?.({ phase, text });
  }

  async receive() {
    while (this.#inbox.empty) {
      if (this.#inbox.ended) throw this.#inbox.ended;
      if (!(await this.#due())) continue;
      try {
        await this.#ask();
      } catch (e) {
        if (this.#inbox.ended) throw this.#inbox.ended;
        if (e instanceof GapError) this.#inbox.gap(e);
        else {
          this.#inbox.end(e);
          this.#stop.abort();
          throw e;
        }
      }
    }
    return this.#inbox.receive();
  }

  /** Waits until it is time to ask; false when something else happened before. */
  #due() {
    const wait = this.#next - performance.now();
    if (wait <= 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(true), wait);
      this.#wake = (due) => {
        clearTimeout(timer);
        this.#wake = null;
        resolve(due);
      };
    });
  }

  async #ask() {
    const after = this.#inbox.tail;
    const began = performance.now();
    const { url, headers } = this.#arm.ask(after);
    this.requests++;
    const answer = await this.#arm.request(url, { headers, signal: this.#stop.signal });
    const batch = batchOf(answer, after);
    this.#state("open");
    const n = batch ? batch.messages.length : 0;
    // Where an answer to a POST was faster, the next request asks from there.
    if (batch && sameCursor(this.#inbox.tail, after)) this.#inbox.put(batch);
    this.#next = began + this.#arm.next(n);
  }

  async send(message) {
    let url = address(this.#target.url, this.#arm.name, this.#target.topic);
    if (this.#arm.news) url = address(this.#target.url, this.#arm.name, this.#target.topic, this.#inbox.tail);
    const answer = await post(url, message, this.#stop.signal, this.#arm.request);
    if (answer.news && this.#news(parseBatch(answer.news, answer.epoch))) this.#wake?.(false);
    return { epoch: answer.epoch, offset: answer.offset };
  }

  /** Takes what an answer to a POST carried, less what a GET has brought meanwhile. */
  #news(batch) {
    const tail = this.#inbox.tail;
    if (tail.epoch && tail.epoch !== batch.epoch) return false;
    const messages = batch.messages.filter((m) => m.offset > tail.offset);
    if (!messages.length || (tail.epoch && messages[0].offset !== tail.offset + 1)) return false; // the next GET's
    this.#inbox.put({ ...batch, messages });
    return true;
  }

  close() {
    this.#inbox.end(closed());
    this.#stop.abort();
    this.#wake?.(false);
  }
}
