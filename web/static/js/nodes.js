// The two servers behind the lanes: how they are, and how they can be ended.

import { changeNode } from "./api.js";
import { byID, h, setAttr, setText } from "./dom.js";
import { bytes, percent } from "./format.js";

const verbs = { up: ["drain", "kill"], draining: ["kill"], starting: [], down: ["start"] };
const titles = {
  drain: "Drain: it says goodbye to its clients, and ends",
  kill: "Kill: the process ends at once, in the middle of everything",
  start: "Start the process anew",
};

export class Nodes {
  #views = new Map();
  state = [];

  constructor(app) {
    setText(byID("store"), app.config.store);
    for (const name of app.config.nodes) this.#add(app, name);
    app.events.on("nodes", ({ nodes }) => {
      this.state = nodes;
      for (const node of nodes) this.#show(app, node);
    });
  }

  #add(app, name) {
    const pill = h("span", { class: "pill" });
    const use = h("span", { class: "quiet number" });
    const bar = h("span");
    const buttons = Object.keys(titles).map((verb) =>
      h("button", { type: "button", class: `button small${verb === "kill" ? " danger" : ""}`, "data-node": name, "data-verb": verb, title: titles[verb], hidden: true, on: { click: () => app.try(changeNode(name, verb)) } }, verb[0].toUpperCase() + verb.slice(1), h("span", { class: "sr" }, ` server ${name}`)),
    );
    const element = h("li", { class: "node" }, h("span", { class: "node-name" }, `Server ${name}`), pill, h("span", { class: "node-actions" }, buttons), h("span", { class: "node-meter", "aria-hidden": "true" }, bar), use);
    byID("nodes").append(element);
    this.#views.set(name, { pill, use, bar, buttons, element, state: "" });
  }

  #show(app, { name, state, cpu, rss }) {
    const view = this.#views.get(name);
    if (!view) return;
    setText(view.pill, state);
    view.pill.dataset.state = state;
    setText(view.use, state === "down" || state === "starting" ? "" : `${percent(cpu)} CPU, ${bytes(rss)}`);
    view.bar.style.width = `${Math.min(100, cpu * 100)}%`;
    const focused = view.buttons.includes(document.activeElement);
    for (const b of view.buttons) setAttr(b, "hidden", (verbs[state] ?? []).includes(b.dataset.verb) ? null : "");
    if (focused && document.activeElement?.hidden) view.buttons.find((b) => !b.hidden)?.focus();
    if (view.state && view.state !== state) app.announce(`Server ${name}: ${state}`);
    view.state = state;
  }
}
