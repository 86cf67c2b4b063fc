// What passed the lanes' ports lately, as the server recorded it: requests, answers, events and frames.

import { getWire } from "./api.js";
import { Emitter } from "./emitter.js";
import { Ring } from "./ring.js";

const kept = 200; // entries of each lane

/** Emits "entries" when there are new ones. */
export class WireLog extends Emitter {
  #lanes = new Map(); // id → {ring, last}
  skipped = new Map(); // id → entries that were too many to be told

  constructor(app) {
    super();
    for (const { id } of app.config.lanes) this.#lanes.set(id, { ring: new Ring(kept), last: 0 });
    app.events.on("wire", (e) => this.#take(e));
  }

  #take({ lane, entries, skipped = 0 }) {
    const of = this.#lanes.get(lane);
    if (!of || !entries?.length) return;
    if (entries[0].n <= of.last && entries.at(-1).n < of.last) of.last = 0; // the server began anew
    for (const entry of entries) {
      if (entry.n <= of.last) continue;
      of.last = entry.n;
      of.ring.push({ ...entry, lane });
    }
    this.skipped.set(lane, (this.skipped.get(lane) ?? 0) + skipped);
    this.emit("entries");
  }

  /** Fetches what was recorded before the page listened. */
  async load() {
    for (const id of this.#lanes.keys()) this.#take(await getWire(id));
  }

  /** The newest entries of some lanes, newest first. */
  newest(ids, limit) {
    const all = ids.flatMap((id) => [...(this.#lanes.get(id)?.ring ?? [])].slice(-limit));
    return all.sort((a, b) => b.start - a.start || b.n - a.n).slice(0, limit);
  }

  /** The request that an answer answers, if it is still held. */
  requestOf(entry) {
    if (!entry.request) return undefined;
    const ring = this.#lanes.get(entry.lane).ring;
    for (let i = ring.length - 1; i >= 0; i--) if (ring.at(i).n === entry.request) return ring.at(i);
    return undefined;
  }

  clear(id) {
    this.#lanes.get(id)?.ring.clear();
    this.skipped.set(id, 0);
    this.emit("entries");
  }
}
