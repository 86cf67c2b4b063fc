// What can be done to a lane's network, and what happened to the lane.

import { setFault } from "./api.js";
import { h, options, setAttr } from "./dom.js";
import { clockTime } from "./format.js";

/** A fault's fields, all of them mended: the server says which there are. */
export const mended = (fault) => Object.fromEntries(Object.entries(fault).map(([key, value]) => [key, typeof value === "number" ? 0 : false]));

const none = { delayMs: 0, jitterMs: 0, rateKbit: 0, stall: false, blockWebSocket: false };
const numbers = ["delayMs", "jitterMs", "rateKbit"];
const toggles = ["stall", "blockWebSocket", "buffer"];

export class BreakPanel {
  #fault;

  constructor(view) {
    this.view = view;
    const id = view.lane.id;
    const { nets, lanes } = view.app.config;
    this.#fault = lanes.find((lane) => lane.id === id).fault ?? none;
    const number = (key, label, most, step) => {
      const input = h("input", { type: "number", id: `lane-${id}-${key}`, "data-role": key, min: 0, max: most, step, value: "0", on: { change: () => this.#change({ [key]: Math.max(0, Number(input.value) || 0) }) } });
      return { input, field: h("div", { class: "field" }, h("label", { for: input.id }, label), input) };
    };
    const toggle = (key, role, label) => {
      const input = h("input", { type: "checkbox", "data-role": role, on: { change: () => this.#change({ [key]: input.checked }) } });
      return { input, field: h("label", { class: "switch" }, input, h("span", {}, label)) };
    };
    this.inputs = {
      delayMs: number("delayMs", "Delay each way, ms", 10_000, 5),
      jitterMs: number("jitterMs", "Jitter, ms", 10_000, 5),
      rateKbit: number("rateKbit", "Bandwidth, kbit/s", 10_000_000, 50),
      stall: toggle("stall", "stall", "Stall"),
      blockWebSocket: toggle("blockWebSocket", "block-websocket", "Block WebSocket"),
      buffer: toggle("buffer", "buffer", "Buffering proxy"),
    };
    this.net = h("select", { id: `lane-${id}-net`, on: { change: () => this.#setNet() } }, options([["", "as set here"], ...nets.map((n) => [n.name, n.title ?? n.name])], ""));
    this.notes = h("ol", { class: "plain break-notes", tabindex: "0", "aria-label": `What happened to lane ${id}` });
    this.inputs.buffer.field.hidden = !("buffer" in this.#fault);
    this.element = h(
      "div",
      { class: "lane-break", hidden: true, role: "group", "aria-label": `Break lane ${id}` },
      h(
        "div",
        { class: "break-row" },
        h("div", { class: "field" }, h("label", { for: this.net.id }, "Network"), this.net),
        this.inputs.delayMs.field,
        this.inputs.jitterMs.field,
        this.inputs.rateKbit.field,
        this.inputs.stall.field,
        this.inputs.blockWebSocket.field,
        this.inputs.buffer.field,
        h("button", { type: "button", class: "button small", "data-role": "mend", on: { click: () => this.#change(mended(this.#fault)) } }, "Mend all"),
      ),
      this.notes,
    );
  }

  get fault() {
    return this.#fault;
  }

  #setNet() {
    const net = this.view.app.config.nets.find((n) => n.name === this.net.value);
    if (net) this.#change({ delayMs: net.delayMs ?? 0, jitterMs: net.jitterMs ?? 0, rateKbit: net.rateKbit ?? 0 });
  }

  #change(part) {
    this.#fault = { ...this.#fault, ...part };
    this.view.app.try(setFault(this.view.lane.id, this.#fault), () => this.show(this.#fault));
  }

  /** Shows the fault in force, whoever set it. */
  show(fault) {
    this.#fault = { ...fault };
    for (const key of numbers) {
      const { input } = this.inputs[key];
      if (document.activeElement !== input) input.value = String(fault[key] ?? 0);
    }
    for (const key of toggles) this.inputs[key].input.checked = fault[key] === true;
    this.net.value = netOf(fault, this.view.app.config.nets);
  }

  showNotes() {
    if (this.element.hidden) return;
    const { notes } = this.view.lane;
    const items = [];
    for (let i = notes.length - 1; i >= 0; i--) {
      const { at, text, kind } = notes.at(i);
      items.push(h("li", { "data-kind": kind }, h("time", {}, clockTime(at)), h("span", {}, text)));
    }
    this.notes.replaceChildren(...items);
    setAttr(this.notes, "hidden", items.length ? null : "");
  }
}

/** The name of the network condition that a fault is, "" when it is none. */
export function netOf(fault, nets) {
  const same = (n) => numbers.every((key) => (n[key] ?? 0) === (fault[key] ?? 0));
  return nets.find(same)?.name ?? "";
}
