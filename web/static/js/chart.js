// A chart over time, drawn with uPlot where the build has it, and the table of its numbers, which is
// always there.

import { h, setText } from "./dom.js";
import { color, theme } from "./theme.js";

const height = 210;

/** Whether the build has uPlot, which is no part of the repository. */
export const drawable = () => typeof window.uPlot === "function";

/**
 * A figure of lines: title, unit, what it teaches; log: a logarithmic axis; format: how a number is
 * written. draw(series, times) shows series of {label, arm, values, dash}; table(head, rows) shows numbers.
 */
export class Chart {
  #plot = null;
  #key = "";
  #series = [];
  #times = [];

  constructor({ title, explain, log = false, format }) {
    this.log = log;
    this.format = format;
    this.place = h("div", { class: "chart-place", role: "img", "aria-label": `${title}; the numbers are in the table below` });
    this.legend = h("ul", { class: "plain chart-legend" });
    this.body = h("tbody");
    this.header = h("tr");
    const numbers = h("details", { class: "numbers-table", open: !drawable() }, h("summary", {}, "Numbers"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}: numbers` }, h("table", {}, h("thead", {}, this.header), this.body)));
    this.element = h("figure", { class: "card chart" }, h("figcaption", {}, h("h3", {}, title), h("p", { class: "quiet" }, explain)), drawable() ? [this.place, this.legend] : missing(), numbers);
    new ResizeObserver(() => this.#resize()).observe(this.place);
    theme.on("change", () => this.#rebuild());
  }

  draw(series, times) {
    this.#series = series;
    this.#times = times;
    if (!drawable() || !this.place.clientWidth) return;
    const key = series.map((s) => `${s.label}/${s.arm}`).join();
    if (key !== this.#key || !this.#plot) {
      this.#key = key;
      this.#rebuild();
    } else this.#plot.setData(this.#data());
  }

  #data() {
    return [this.#times, ...this.#series.map((s) => s.values)];
  }

  #rebuild() {
    this.#plot?.destroy();
    this.#plot = null;
    if (!drawable() || !this.place.clientWidth || !this.#series.length) return;
    const of = (name) => color(this.place, name);
    const soft = of("--soft");
    const grid = { stroke: of("--line"), width: 1 };
    const axis = { stroke: soft, grid, ticks: { show: false }, font: "11px ui-monospace, monospace" };
    const strokes = this.#series.map((s) => of(s.color));
    this.#plot = new window.uPlot(
      {
        width: this.place.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        padding: [10, 8, 0, 0],
        scales: { x: { time: true }, y: this.log ? { distr: 3 } : { range: (u, least, most) => [0, Math.max(most * 1.1, 0.001)] } },
        axes: [
          { ...axis, size: 26, space: 70, values: (u, at) => at.map((t) => new Date(t * 1000).toLocaleTimeString("en-GB", { minute: "2-digit", second: "2-digit" })) },
          { ...axis, ...(this.log && { filter: decades, grid: { ...grid, filter: decades } }), size: 66, gap: 4, values: (u, at) => at.map((v) => (v === null ? "" : this.format(v))) },
        ],
        series: [{}, ...this.#series.map((s, i) => ({ label: s.label, stroke: strokes[i], width: s.dash ? 1.2 : 2, dash: s.dash, points: { show: false }, spanGaps: false }))],
      },
      this.#data(),
      this.place,
    );
    this.legend.replaceChildren(...this.#series.filter((s) => s.legend !== false).map((s) => h("li", { "data-arm": s.arm, "data-node": s.node }, s.label)));
  }

  #resize() {
    const width = this.place.clientWidth;
    if (!width) return;
    if (this.#plot) this.#plot.setSize({ width, height });
    else this.draw(this.#series, this.#times);
  }

  /** Shows the table: head is text per column, rows are arrays of text. */
  table(head, rows) {
    fill(this.header, head, "th");
    while (this.body.children.length > rows.length) this.body.lastChild.remove();
    rows.forEach((row, i) => fill(this.body.children[i] ?? this.body.appendChild(h("tr")), row, "td"));
  }
}

// Of a logarithmic axis, only its decades get a line and a number.
const decades = (u, at) => at.map((v) => (Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9 ? v : null));

function fill(tr, texts, tag) {
  while (tr.children.length > texts.length) tr.lastChild.remove();
  texts.forEach((text, i) => {
    const scope = tag === "th" ? "col" : i === 0 ? "row" : undefined;
    const cell = tr.children[i] ?? tr.appendChild(h(scope ? "th" : "td", { scope }));
    setText(cell, text);
  });
}

function missing() {
  return h("p", { class: "quiet chart-missing" }, "The chart library is missing from this build: run ", h("code", {}, "make demo"), ", which fetches it. The numbers are all here.");
}
