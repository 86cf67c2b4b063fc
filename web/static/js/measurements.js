// The figures over time: one sample a second, for five minutes, of every lane and server.

import { Emitter } from "./emitter.js";
import { Ring, quantile } from "./ring.js";
import { now } from "./clock.js";

const kept = 300; // samples
const every = 1000; // milliseconds
const over = 5000; // milliseconds of which a sample speaks
const looks = 48; // of the lanes' counters, four a second: somewhat more than over

const layerNames = ["payload", "envelope", "framing", "headers", "other"];

/** Emits "sample" once a second. */
export class Measurements extends Emitter {
  history = new Ring(kept); // {at, lanes: Map id → figures, nodes: Map name → share of a core}
  #looks = new Map(); // id → {transport, ring of {at, delivered, requests, layers}}
  #app;

  constructor(app, nodes) {
    super();
    this.#app = app;
    app.events.on("lanes", (e) => e.lanes.forEach((state) => this.#look(e.at ?? now(), state)));
    setInterval(() => this.#sample(nodes), every);
    document.addEventListener("visibilitychange", () => this.forget());
  }

  /** Forgets latencies: after the page was hidden they say more about its timers. */
  forget() {
    for (const lane of this.#app.lanes) lane.latencies.clear();
  }

  #look(at, { id, up, down, requests, empty = 0, messages }) {
    const lane = this.#app.lanes.find((l) => l.id === id);
    if (!lane) return this.#looks.delete(id);
    let of = this.#looks.get(id);
    if (of?.transport !== lane.transport) this.#looks.set(id, (of = { transport: lane.transport, ring: new Ring(looks) }));
    const bytes = layerNames.map((name) => (up?.[name] ?? 0) + (down?.[name] ?? 0));
    if (of.ring.length && of.ring.at(-1).requests > requests) of.ring.clear(); // the counters were cleared
    of.ring.push({ at, delivered: messages ?? lane.judge.delivered, requests, empty, bytes });
  }

  /** A lane's figures over the last seconds. */
  figures(lane, at = now()) {
    const sorted = lane.latencies.since(at - over);
    const f = { transport: lane.transport, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), n: sorted.length, messages: NaN, requests: NaN, empty: NaN, perMessage: NaN, perSecond: NaN, layers: null };
    const ring = this.#looks.get(lane.id)?.ring;
    if (!ring || ring.length < 5) return f;
    const last = ring.at(-1);
    if (at - last.at > over) return f; // the server says nothing
    let first = last;
    for (let i = ring.length - 1; i >= 0 && last.at - ring.at(i).at <= over; i--) first = ring.at(i);
    const seconds = (last.at - first.at) / 1000;
    if (seconds <= 0) return f;
    const delivered = last.delivered - first.delivered;
    const layers = last.bytes.map((n, i) => n - first.bytes[i]);
    const total = layers.reduce((sum, n) => sum + n, 0);
    f.messages = delivered / seconds;
    f.requests = (last.requests - first.requests) / seconds;
    f.empty = f.requests > 0 ? (last.empty - first.empty) / (last.requests - first.requests) : NaN;
    f.perSecond = total / seconds;
    if (delivered > 0) {
      f.perMessage = total / delivered;
      f.layers = layers.map((n) => n / delivered);
    }
    return f;
  }

  #sample(nodes) {
    const at = now();
    this.latest = { at, lanes: new Map(this.#app.lanes.map((lane) => [lane.id, this.figures(lane, at)])), nodes: new Map(nodes.state.map((n) => [n.name, n.state === "down" ? NaN : n.cpu])) };
    this.history.push(this.latest);
    this.emit("sample", this.latest);
  }
}
