// The measured side of the lanes: what a message takes, what it costs, what it makes the servers do.

import { Chart } from "./chart.js";
import { h, setText } from "./dom.js";
import { bytes, count, dash, ms, percent, rate } from "./format.js";
import { layers } from "./wiredetail.js";

const tableEvery = 1; // samples

export function buildMeasure(panel, page) {
  const view = new MeasureView(page);
  panel.append(view.element);
  return view;
}

class MeasureView {
  #shown = false;

  constructor({ app, config, measurements }) {
    this.app = app;
    this.config = config;
    this.measurements = measurements;
    this.latency = new Chart({ title: "Delivery latency", explain: "From publication to arrival in the page. Solid: half of the messages took less. Dashed: 99 of 100 did.", log: true, format: ms });
    this.requests = new Chart({ title: "Requests a second", explain: "What a lane asks its server, news or not. Frames and events within a connection are no requests.", format: rate });
    this.cpu = new Chart({ title: "Server CPU", explain: "Of one core, by the process of each server, all lanes together.", format: percent });
    this.cost = new Cost();
    this.element = h("div", { class: "charts" }, this.latency.element, this.cost.element, this.requests.element, this.cpu.element);
    measurements.on("sample", () => this.#draw());
  }

  show() {
    this.#shown = true;
    this.#draw();
  }

  hide() {
    this.#shown = false;
  }

  #draw() {
    if (!this.#shown || document.hidden) return;
    const { history } = this.measurements;
    const samples = [...history];
    const times = samples.map((s) => s.at / 1000);
    const { lanes } = this.app;
    // What a lane did over another transport is no part of this one's line.
    const of = (lane, key) => samples.map(({ lanes: then }) => (then.get(lane.id)?.transport === lane.transport ? known(then.get(lane.id)[key]) : null));
    const label = (lane) => `${lane.id} ${lane.transport.title}`;
    const look = (lane) => ({ arm: lane.transport.arm, color: `--${lane.transport.arm}` });
    this.latency.draw(
      lanes.flatMap((lane) => [
        { label: label(lane), values: of(lane, "p50").map(positive), ...look(lane) },
        { label: `${label(lane)} p99`, values: of(lane, "p99").map(positive), dash: [4, 4], legend: false, ...look(lane) },
      ]),
      times,
    );
    this.requests.draw(lanes.map((lane) => ({ label: label(lane), values: of(lane, "requests"), ...look(lane) })), times);
    this.cpu.draw(this.config.nodes.map((name, i) => ({ label: `Server ${name}`, node: name, color: i ? "--layer-framing" : "--accent", values: samples.map((s) => known(s.nodes.get(name))) })), times);
    const last = history.at(-1);
    if (!last || history.pushed % tableEvery) return;
    const figures = lanes.map((lane) => [lane, last.lanes.get(lane.id)]).filter(([, f]) => f);
    this.latency.table(["Lane", "p50", "p99", "samples"], figures.map(([lane, f]) => [label(lane), ms(f.p50), ms(f.p99), count(f.n)]));
    this.requests.table(["Lane", "requests/s", "empty answers", "messages/s", "requests/message"], figures.map(([lane, f]) => [label(lane), rate(f.requests), percent(f.empty), rate(f.messages), f.messages > 0 ? rate(f.requests / f.messages) : dash]));
    this.cpu.table(["Server", "CPU"], this.config.nodes.map((name) => [`Server ${name}`, percent(last.nodes.get(name))]));
    this.cost.show(figures.map(([lane, f]) => [lane, f, label(lane)]));
  }
}

const known = (v) => (Number.isFinite(v) ? v : null);
const positive = (v) => (v === null ? null : Math.max(v, 0.01)); // a logarithmic axis has no zero

/** Bytes per message, stacked by layer: a bar for each lane, as wide as the message is dear. */
class Cost {
  constructor() {
    this.bars = h("div", { class: "cost-bars", role: "img", "aria-label": "Bytes per message by layer; the numbers are in the table below" });
    this.body = h("tbody");
    const head = h("tr", {}, h("th", { scope: "col" }, "Lane"), layers.map(([, title]) => h("th", { scope: "col" }, title)), h("th", { scope: "col" }, "All"), h("th", { scope: "col" }, "A second"));
    this.element = h(
      "figure",
      { class: "card chart" },
      h("figcaption", {}, h("h3", {}, "Bytes per message"), h("p", { class: "quiet" }, "Both ways, over the last five seconds, by what they are for. Asking in vain counts too: it is the price of asking.")),
      this.bars,
      h("ul", { class: "plain chart-legend" }, layers.map(([key, title]) => h("li", { "data-layer": key }, title))),
      h("details", { class: "numbers-table" }, h("summary", {}, "Numbers"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Bytes per message: numbers" }, h("table", {}, h("thead", {}, head), this.body))),
    );
  }

  show(figures) {
    const most = Math.max(1, ...figures.map(([, f]) => f.perMessage || 0));
    while (this.bars.children.length > figures.length) this.bars.lastChild.remove();
    figures.forEach(([lane, f, label], i) => this.#bar(this.bars.children[i] ?? this.#addBar(), lane, f, label, most));
    this.body.replaceChildren(
      ...figures.map(([, f, label]) =>
        h("tr", {}, h("th", { scope: "row" }, label), layers.map((_, i) => h("td", {}, f.layers ? bytes(f.layers[i]) : dash)), h("td", {}, bytes(f.perMessage)), h("td", {}, bytes(f.perSecond))),
      ),
    );
  }

  #addBar() {
    const bar = h("div", { class: "cost" }, h("span", { class: "cost-name" }), h("span", { class: "cost-strip" }, layers.map(([key]) => h("span", { "data-layer": key }))), h("span", { class: "cost-sum number" }));
    this.bars.append(bar);
    return bar;
  }

  #bar(bar, lane, f, label, most) {
    const [name, strip, sum] = bar.children;
    bar.dataset.arm = lane.transport.arm;
    setText(name, label);
    layers.forEach((_, i) => (strip.children[i].style.width = `${f.layers ? Math.max(0, (f.layers[i] / most) * 100) : 0}%`));
    setText(sum, f.layers ? bytes(f.perMessage) : f.perSecond > 0 ? `no message; ${bytes(f.perSecond)}/s` : dash);
  }
}
