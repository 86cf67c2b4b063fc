// A lane: one client of one transport on one topic, which dials again at its cursor whatever happens,
// and can change its transport on the way.

import { backoff } from "./backoff.js";
import { now } from "./clock.js";
import { Emitter } from "./emitter.js";
import { Judge } from "./judge.js";
import { readMessage } from "./message.js";
import { Ring, Samples } from "./ring.js";
import { GapError, asError } from "./transports/errors.js";
import { find } from "./transports/transports.js";
import { formatCursor, newID } from "./transports/wire.js";

const logged = 4096; // messages whose positions are kept, for whoever checks the lane

/**
 * States: idle, connecting, open, reconnecting (the transport's client does it), waiting (to dial
 * again), paused, failed. Emits "message", "state" and "note" (what happened, for people).
 */
export class Lane extends Emitter {
  status = "idle";
  text = ""; // what the transport says of its state
  judge = new Judge();
  latencies = new Samples(2048);
  notes = new Ring(40);
  log = new Ring(logged);
  last = null; // {offset, text} of the last message
  lastAt = 0; // when it came
  dials = 0;
  cursor = { epoch: "", offset: 0 };
  #began = 0; // what was published before says nothing about this lane's delays
  #run = 0; // number of the connection that counts; what an older one says is not heard
  #conn = null;
  #wake = null;
  #catchUp = null; // {from, to, since}: what was missed while away

  /** target is {id, url, topic, options, published}. */
  constructor(target, name) {
    super();
    this.id = target.id;
    this.target = target;
    this.transport = find(name);
  }

  /** Begins at a cursor; what lies before is not received. */
  start(cursor) {
    this.#began = now();
    this.cursor = cursor;
    this.judge.begin(cursor);
    this.#dialOn();
  }

  pause() {
    if (this.status === "paused") return;
    this.#hangUp();
    this.#set("paused", "");
    this.#note(`paused at ${this.#where}`);
  }

  resume() {
    if (this.status === "paused" || this.status === "failed") this.#dialOn();
  }

  /** Changes the transport; the cursor is carried over, so that nothing is lost or repeated. */
  switchTo(name) {
    const next = find(name);
    if (!next || next === this.transport) return;
    const from = this.transport;
    this.#hangUp();
    this.transport = next;
    this.latencies.clear();
    this.#note(`switched from ${from.title} to ${next.title} at ${this.#where}`);
    this.emit("switch", next);
    if (this.status === "paused") this.emit("state", this);
    else this.#dialOn();
  }

  stop() {
    this.#hangUp();
    this.#set("idle", "");
  }

  /** Sends through the lane's own transport; a message that was not acknowledged goes again under its ID. */
  async send(data, { binary = false, tries = 5 } = {}) {
    const message = { id: newID(), data, binary };
    for (let n = 0; ; n++) {
      try {
        if (!this.#conn) throw asError(new Error("the lane is not connected"));
        return await this.#conn.send(message);
      } catch (e) {
        const error = asError(e);
        if (n + 1 >= tries || !(error.retryable || error.code === "closed")) throw error;
        await new Promise((resolve) => setTimeout(resolve, backoff(n + 1, error)));
      }
    }
  }

  /** Sends text with the time at which it was sent, as the publisher does. */
  sendText(text, more = {}) {
    return this.send(JSON.stringify({ at: now(), ...more, text }));
  }

  get #where() {
    return formatCursor(this.cursor) || "the beginning";
  }

  #set(status, text = "") {
    if (this.status === status && this.text === text) return;
    this.status = status;
    this.text = text;
    this.emit("state", this);
  }

  #note(text, kind = "info") {
    const note = { at: Date.now(), text, kind };
    this.notes.push(note);
    this.emit("note", note);
  }

  #hangUp() {
    this.#run++;
    this.#wake?.();
    this.#conn?.close();
    this.#conn = null;
  }

  #dialOn() {
    this.#hangUp();
    this.#serve(this.#run);
  }

  /** Dials, receives and dials again, as long as run is the lane's. */
  async #serve(run) {
    for (let attempt = 0; run === this.#run; ) {
      let error;
      try {
        await this.#connect(run);
        if (run !== this.#run) return;
        for (;;) {
          const took = await this.#receive(run);
          if (run !== this.#run) return;
          if (took) attempt = 0;
        }
      } catch (e) {
        error = asError(e);
      }
      if (run !== this.#run) return;
      this.#conn?.close();
      this.#conn = null;
      if (!error.retryable) {
        this.#note(`ended: ${error.message}`, "bad");
        this.#set("failed", error.message);
        return;
      }
      await this.#pause(attempt++, error);
    }
  }

  async #connect(run) {
    const abort = new AbortController();
    this.#wake = () => abort.abort();
    if (this.status !== "waiting") this.#set("connecting");
    this.#away(this.dials++ === 0);
    const { url, topic, options } = this.target;
    const onState = ({ phase, text }) => run === this.#run && this.#phase(phase, text);
    const conn = await this.transport.dial({ url, topic, options, after: this.cursor, signal: abort.signal, onState });
    if (run !== this.#run) return conn.close();
    this.#conn = conn;
  }

  #phase(phase, text) {
    if (phase === "open" && this.status !== "open") this.#opened();
    if (phase === "reconnecting" && this.status === "open") {
      this.#note(text || "connecting again", "warn");
      this.#away(false);
    }
    if (!(phase === "connecting" && this.status === "waiting")) this.#set(phase, text);
  }

  /** Begins to count what is missed from here on. */
  #away(first) {
    this.#catchUp = { from: this.#where, to: 0, n: 0, since: 0, first };
  }

  #opened() {
    const { published } = this.target;
    const away = this.#catchUp;
    if (!away || published.epoch !== this.cursor.epoch) return;
    away.to = published.latest;
    away.since = now();
    if (away.to <= this.cursor.offset) this.#catchUp = null;
  }

  async #receive(run) {
    let m;
    try {
      m = await this.#conn.receive();
    } catch (e) {
      if (!(e instanceof GapError) || run !== this.#run) throw e;
      this.judge.gap(e);
      this.cursor = e.resume;
      this.#note(`gap: ${e.message}`, "bad");
      return true;
    }
    if (run === this.#run) this.#take(m);
    return true;
  }

  #take(m) {
    const at = now();
    const said = readMessage(m);
    const fresh = this.judge.take(m);
    this.log.push([m.offset, m.id]);
    this.cursor = { epoch: m.epoch, offset: m.offset };
    this.target.published.note(m.epoch, m.offset, said.at);
    this.last = { offset: m.offset, text: said.text, from: said.from };
    this.lastAt = at;
    const replayed = this.#catching(m, at);
    const latency = said.at < this.#began ? NaN : at - said.at;
    if (fresh && !Number.isNaN(latency)) this.latencies.push(at, latency);
    this.emit("message", { message: m, said, at, latency, fresh, replayed });
  }

  /** Counts what was missed while the lane was away; true for a message of that. */
  #catching(m, at) {
    const away = this.#catchUp;
    if (!away || m.offset > away.to) return false;
    away.n++;
    if (m.offset === away.to) {
      this.#catchUp = null;
      const messages = `${away.n} ${away.n === 1 ? "message" : "messages"}`;
      if (!away.first) this.#note(`caught up: ${messages} behind ${away.from} replayed in ${Math.max(0, at - away.since).toFixed(0)} ms`, "good");
    }
    return true;
  }

  async #pause(attempt, error) {
    const wait = backoff(attempt, error);
    this.#note(`${error.message}; dialling again at ${this.#where} in ${Math.round(wait)} ms`, "warn");
    this.#set("waiting", error.message);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
