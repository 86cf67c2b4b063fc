// A guided tour: steps that set the page up, say what to look at, and show the figure that matters.

import { setFault } from "./api.js";
import { mended } from "./breakpanel.js";
import { byID, h, iconButton, setText } from "./dom.js";
import { motion } from "./loop.js";
import { steps } from "./toursteps.js";

export class Tour {
  step = undefined; // 1 to the number of steps while the tour is open
  #page;
  #broken = new Set(); // lanes whose network a step changed
  #before = null; // what was shown when the tour began
  #live = null;

  constructor(page) {
    this.#page = page;
    this.element = byID("tour");
    this.element.addEventListener("keydown", (e) => {
      if (e.key === "Escape") this.close();
    });
    page.app.on("refresh", () => this.#refresh());
  }

  toggle() {
    if (this.step) this.close();
    else this.open(1);
  }

  open(n) {
    const { app } = this.#page;
    if (!this.step) this.#before = { lanes: app.lanes.map((l) => l.transport.name), rate: app.stream.rate };
    this.#mend();
    this.step = Math.min(Math.max(n, 1), steps.length);
    const step = steps[this.step - 1];
    this.#setUp(step);
    this.#show(step);
    this.#page.remember();
  }

  close() {
    this.#mend();
    this.element.hidden = true;
    this.step = undefined;
    const { app, publisher, remember } = this.#page;
    if (this.#before) {
      app.setLanes(this.#before.lanes);
      publisher.set({ rate: this.#before.rate });
    }
    this.#before = null;
    remember();
    byID("tour-open").focus();
  }

  #setUp({ lanes, rate, view }) {
    const { app, publisher, tabs } = this.#page;
    if (lanes) app.setLanes(lanes);
    if (rate !== undefined) publisher.set({ rate });
    if (view) tabs.show(view);
  }

  #show(step) {
    const { element } = this;
    const last = this.step === steps.length;
    const title = h("h2", { id: "tour-title", tabindex: "-1" }, step.title);
    this.#live = step.live ? h("p", { class: "tour-live number" }) : null;
    const answer = h("p", { class: "tour-answer", role: "status" });
    const actions = (step.actions ?? []).filter(([, , when]) => !when || when(this.#page)).map(([label, act]) => h("button", { type: "button", class: "button small", on: { click: () => this.#act(act, answer) } }, label));
    element.replaceChildren(
      h("div", { class: "tour-head" }, h("span", { class: "quiet" }, `Step ${this.step} of ${steps.length}`), iconButton("close", "End the tour", () => this.close())),
      title,
      ...step.text.map((text) => h("p", {}, text)),
      ...(this.#live ? [this.#live] : []),
      ...(actions.length ? [h("div", { class: "tour-actions" }, actions)] : []),
      answer,
      h(
        "div",
        { class: "tour-foot" },
        h("button", { type: "button", class: "button", disabled: this.step === 1, on: { click: () => this.open(this.step - 1) } }, "Back"),
        h("button", { type: "button", class: "button primary", on: { click: () => (last ? this.close() : this.open(this.step + 1)) } }, last ? "Finish" : "Next"),
      ),
    );
    element.hidden = false;
    title.focus({ preventScroll: true });
    const target = document.querySelector(step.at ?? "#lanes-title");
    target?.scrollIntoView({ behavior: motion() ? "smooth" : "auto", block: step.at ? "center" : "start" });
    this.#refresh();
  }

  async #act(act, answer) {
    setText(answer, "…");
    try {
      setText(answer, (await act({ ...this.#page, fault: (lane, fault) => this.#fault(lane, fault) })) ?? "");
    } catch (e) {
      setText(answer, e.message);
    }
  }

  #refresh() {
    if (!this.step || !this.#live) return;
    const text = steps[this.step - 1].live(this.#page);
    if (text) setText(this.#live, text);
  }

  #fault(lane, fault) {
    this.#broken.add(lane.id);
    const now = this.#page.app.views.get(lane.id).breakPanel.fault;
    return setFault(lane.id, { ...now, ...fault });
  }

  /** Lifts what the steps broke. */
  #mend() {
    for (const id of this.#broken) {
      const view = this.#page.app.views.get(id);
      if (view) this.#page.app.try(setFault(id, mended(view.breakPanel.fault)));
    }
    this.#broken.clear();
  }
}
