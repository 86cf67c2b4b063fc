// What the page is about: the lanes, what is known of the topic, and what the server says.

import { ServerEvents } from "./api.js";
import { now } from "./clock.js";
import { byID, h, setText } from "./dom.js";
import { Emitter } from "./emitter.js";
import { Lane } from "./lane.js";
import { LaneView } from "./laneview.js";
import { onFrame } from "./loop.js";
import { Published } from "./published.js";
import { arms, find } from "./transports/transports.js";
import { parseCursor } from "./transports/wire.js";

const refreshEvery = 250; // milliseconds

/** Emits "lanes" when lanes came, went or changed their transport, and "refresh" four times a second. */
export class App extends Emitter {
  lanes = []; // in the page's order
  views = new Map(); // by lane id
  published = new Published();
  events = new ServerEvents();
  stream = { rate: 0, size: 64, binary: false };
  #known = false; // the topic's end is known

  constructor(config) {
    super();
    this.config = config;
    this.targetOptions = config.options;
    if (config.cursor) this.#begin(config.cursor);
    this.events.on("published", (e) => this.#published(e));
    this.events.on("lanes", (e) => e.lanes.forEach((state) => this.views.get(state.id)?.showServer(state)));
    onFrame((at, motion) => {
      for (const view of this.views.values()) view.track.draw(at, this.published, view.lane.status === "failed" ? 0 : view.lane.cursor.offset, motion);
    });
    setInterval(() => this.#refresh(), refreshEvery);
  }

  #begin(cursor) {
    this.published.begin(parseCursor(cursor));
    this.#known = true;
  }

  #published(e) {
    for (const m of e.list ?? [e]) this.published.note(m.epoch ?? e.epoch ?? this.published.epoch, m.offset, m.at);
  }

  get publishing() {
    return this.stream.rate > 0;
  }

  /** Adds a lane over a transport at the first gate that is free; undefined when there is none. */
  addLane(name) {
    const gate = this.config.lanes.find(({ id }) => !this.views.has(id));
    if (!gate) return undefined;
    const { id, url } = gate;
    const lane = new Lane({ id, url, topic: this.config.topic, options: this.config.options, published: this.published }, name);
    const view = new LaneView(lane, this);
    this.lanes.push(lane);
    this.views.set(id, view);
    byID("lanes").append(view.element);
    view.recolor();
    lane.start(this.#known || this.published.latest ? this.published.tail : { epoch: "", offset: 0 });
    this.changed();
    return lane;
  }

  removeLane(id) {
    const i = this.lanes.findIndex((lane) => lane.id === id);
    if (i < 0) return;
    const [lane] = this.lanes.splice(i, 1);
    lane.stop();
    const view = this.views.get(id);
    this.views.delete(id);
    const hadFocus = view.element.contains(document.activeElement);
    view.remove();
    if (hadFocus) byID("lanes-title").focus();
    this.announce(`Lane ${id} removed`);
    this.changed();
  }

  /** Has exactly these lanes, keeping what is there where it can: in place, a lane changes its transport. */
  setLanes(names) {
    names.forEach((name, i) => {
      if (i < this.lanes.length) this.lanes[i].switchTo(name);
      else this.addLane(name);
    });
    while (this.lanes.length > names.length) this.removeLane(this.lanes.at(-1).id);
  }

  /** What a new lane is over: the first arm that no lane shows. */
  nextTransport() {
    const shown = new Set(this.lanes.map((lane) => lane.transport.arm));
    return (arms.find((t) => !shown.has(t.arm)) ?? find("websocket")).name;
  }

  changed() {
    this.emit("lanes");
  }

  #refresh() {
    const at = now();
    for (const view of this.views.values()) view.refresh(at);
    this.emit("refresh", at);
  }

  announce(text) {
    setText(byID("announce"), text);
  }

  /** Waits for what was asked of the server; a refusal is shown, and undone by undo. */
  async try(promise, undo) {
    try {
      const answer = await promise;
      this.problem("");
      return answer;
    } catch (e) {
      this.problem(e.message);
      undo?.();
      return undefined;
    }
  }

  problem(text) {
    const banner = byID("problem");
    setText(banner, text);
    banner.hidden = !text;
  }
}

/** What the page shows where there is no lane. */
export function emptyLanes(add) {
  return h("li", { class: "lanes-empty" }, h("p", {}, "No lanes. Every lane brings the same messages over a transport of its own."), h("button", { type: "button", class: "button", on: { click: add } }, "Show all six"));
}
