// All bytes that passed the lanes' ports so far, up and down, by what they were for: the server's counters.

import { h, setText } from "./dom.js";
import { bytes, count } from "./format.js";
import { layers } from "./wiredetail.js";

const columns = [...layers.map(([, title]) => title), "All", "Requests", "Connections"];

export class WireTotals {
  #last = [];

  constructor(app) {
    this.app = app;
    this.body = h("tbody");
    const head = h("tr", {}, ["Lane", "", ...columns].map((text) => (text ? h("th", { scope: "col" }, text) : h("td"))));
    this.element = h(
      "details",
      { class: "card wire-totals", on: { toggle: () => this.#show() } },
      h("summary", {}, "All bytes so far, up and down, by layer"),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All bytes so far" }, h("table", {}, h("thead", {}, head), this.body)),
    );
    app.events.on("lanes", (e) => {
      this.#last = e.lanes;
      this.#show();
    });
  }

  #show() {
    if (!this.element.open || !this.element.isConnected) return;
    const rows = this.app.lanes.flatMap((lane) => {
      const state = this.#last.find((s) => s.id === lane.id);
      return state ? [row(lane, "up", state.up, [count(state.requests), count(state.opened)]), row(lane, "down", state.down, ["", ""])] : [];
    });
    while (this.body.children.length > rows.length) this.body.lastChild.remove();
    rows.forEach((texts, i) => {
      const tr = this.body.children[i] ?? this.body.appendChild(h("tr", {}, h("th", { scope: "row" }), texts.slice(1).map(() => h("td"))));
      texts.forEach((text, k) => setText(tr.children[k], text));
    });
  }
}

function row(lane, way, of, more) {
  const each = layers.map(([key]) => of?.[key] ?? 0);
  const all = each.reduce((sum, n) => sum + n, 0);
  return [`${lane.id} ${lane.transport.title}`, way, ...[...each, all].map(bytes), ...more];
}
