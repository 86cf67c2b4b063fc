// One response that never ends, with each message written into it as it comes. Three readers of it:
// EventSource, which connects again by itself; and fetch, for the same events or for lines of JSON.

import { GapError, asError, closed, errorOf, errorOfAnswer, malformed, network } from "./errors.js";
import { address, post } from "./http.js";
import { Inbox } from "./inbox.js";
import { SSEParser } from "./sse.js";
import { parseBatch, parseControl } from "./wire.js";

/** Dials with EventSource, or with fetch for "streaming-fetch" and "streaming-ndjson". */
export async function dial(target) {
  const conn = target.mode === "eventsource" ? new EventSourceStream(target) : new FetchStream(target);
  conn.open();
  return conn;
}

/** What the readers share: the inbox, the POST, and what an event means. */
class Stream {
  #stop = new AbortController();
  #epoch;

  constructor(target) {
    this.target = target;
    this.inbox = new Inbox(target.after);
    this.#epoch = target.after.epoch;
  }

  get signal() {
    return this.#stop.signal;
  }

  get url() {
    return address(this.target.url, "streaming", this.target.topic, this.inbox.tail);
  }

  state(phase, text = "") {
    this.target.onState?.({ phase, text });
  }

  /** Takes an event; false when the connection has ended with it. */
  take(kind, data) {
    try {
      if (kind === "message") {
        const batch = parseBatch(data, this.#epoch);
        this.#epoch = batch.epoch;
        this.inbox.put(batch);
        return true;
      }
      const c = parseControl(data);
      const error = kind === "gap" ? errorOf({ ...c, code: "gap" }, this.inbox.tail) : c.error && errorOf(c.error, this.inbox.tail);
      return !error || this.failed(error, kind);
    } catch (e) {
      return this.failed(e);
    }
  }

  /** A gap is behind the connection; any other error ends it. True when it goes on. */
  failed(e) {
    if (e instanceof GapError) {
      this.inbox.gap(e);
      this.#epoch = e.epoch;
      return true;
    }
    this.inbox.end(asError(e));
    this.close();
    return false;
  }

  receive() {
    return this.inbox.receive();
  }

  async send(message) {
    const { epoch, offset } = await post(address(this.target.url, "streaming", this.target.topic), message, this.signal);
    return { epoch, offset };
  }

  close() {
    this.inbox.end(closed());
    this.#stop.abort();
  }
}

class EventSourceStream extends Stream {
  #source = null;

  open() {
    const source = new EventSource(this.url);
    this.#source = source;
    source.onopen = () => this.state("open", "EventSource");
    source.onmessage = (e) => this.take("message", e.data);
    source.addEventListener("gap", (e) => this.take("gap", e.data));
    source.addEventListener("bye", () => this.state("reconnecting", "the node goes away; EventSource waits as it was told"));
    // An event that the server named "error" has data; the browser's own has none.
    source.addEventListener("error", (e) => (e.data === undefined ? this.#broken(source) : this.take("error", e.data)));
  }

  #broken(source) {
    if (this.inbox.ended || source !== this.#source) return;
    if (source.readyState === EventSource.CONNECTING) return this.state("reconnecting", "EventSource connects again by itself");
    this.#why().catch((e) => this.failed(e));
  }

  /** EventSource does not say why it gave up: the same request says it. */
  async #why() {
    let answer;
    try {
      answer = await fetch(this.url, { cache: "no-store", credentials: "omit", signal: this.signal });
    } catch (e) {
      throw asError(e);
    }
    if (answer.ok) {
      await answer.body.cancel();
      throw network("the stream ended");
    }
    if (this.failed(errorOfAnswer(answer.status, await answer.text(), this.inbox.tail))) this.open();
  }

  close() {
    super.close();
    this.#source?.close();
  }
}

const longest = 64 << 20; // of a line, so that a hostile server cannot fill the page

class FetchStream extends Stream {
  async open() {
    try {
      while (!this.signal.aborted) await this.#response();
    } catch (e) {
      this.failed(e);
    }
  }

  /** Reads one response; the server ends it about every ten minutes, and the client asks again. */
  async #response() {
    const ndjson = this.target.mode === "ndjson";
    const headers = { Accept: ndjson ? "application/x-ndjson" : "text/event-stream" };
    const r = await fetch(this.url, { headers, cache: "no-store", credentials: "omit", signal: this.signal });
    if (!r.ok) {
      this.failed(errorOfAnswer(r.status, await r.text(), this.inbox.tail));
      return;
    }
    this.state("open", ndjson ? "fetch, lines of JSON" : "fetch, Server-Sent Events");
    const take = ndjson ? lines((kind, data) => this.take(kind, data)) : events((e) => this.take(e.type, e.data));
    const reader = r.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      take(value);
    }
  }
}

function events(onEvent) {
  const parser = new SSEParser(onEvent, longest);
  return (bytes) => parser.push(bytes);
}

/** Reads lines of JSON: a batch, a control, or an empty line for a sign of life. */
export function lines(onLine) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  return (bytes) => {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop();
    if (rest.length > longest) throw malformed("a line is longer than this client takes");
    for (const line of parts) {
      if (line) onLine(line[0] === "{" ? parseControl(line).type : "message", line);
    }
  };
}

