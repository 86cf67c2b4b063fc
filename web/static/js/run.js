// Runs a workload in the background and opens its report; lists those that were made before.

import { getReports, startRun } from "./api.js";
import { h, options, setText } from "./dom.js";
import { arms } from "./transports/transports.js";

export function buildRun(panel, page) {
  const view = new RunView(page);
  panel.append(view.element);
  return view;
}

class RunView {
  constructor({ app, config }) {
    this.app = app;
    this.config = config;
    this.explain = h("p", { class: "quiet" });
    this.workload = h("select", { id: "workload", "data-role": "workload", on: { change: () => this.#showExplain() } }, options(config.workloads.map((w) => [w.name, w.name]), "push"));
    this.boxes = config.transports.map((name) => h("input", { type: "checkbox", value: name, checked: true }));
    this.runs = h("input", { type: "number", id: "runs", min: "1", max: "10", value: "1" });
    this.button = h("button", { type: "submit", class: "button primary", "data-role": "run" }, "Run");
    this.progress = h("progress", { max: "1", value: "0", "aria-label": "Progress of the run", hidden: true });
    this.text = h("p", { class: "number", role: "status", "data-role": "run-text" });
    this.report = h("a", { class: "button", target: "_blank", rel: "noopener", hidden: true, "data-role": "run-report" }, "Open the report");
    this.list = h("ul", { class: "plain reports" });
    this.element = h("div", { class: "run" }, this.#form(), h("div", { class: "card run-reports" }, h("h3", {}, "Reports"), this.list));
    this.#showExplain();
    app.events.on("run", (e) => this.#show(e));
  }

  show() {
    this.#list();
  }

  #form() {
    const boxes = this.boxes.map((box) => h("label", { class: "check" }, box, arms.find((t) => t.name === box.value)?.title ?? box.value));
    return h(
      "form",
      { class: "card run-form", on: { submit: (e) => (e.preventDefault(), this.#start()) } },
      h("h3", {}, "Run a workload"),
      h("p", { class: "quiet" }, "A fresh server for each run, the same messages at the same times for each transport, and a report whose figures can be traced. The lanes above share the machine: pause them for figures to publish."),
      h("div", { class: "publish-row" }, h("div", { class: "field" }, h("label", { for: "workload" }, "Workload"), this.workload), h("div", { class: "field" }, h("label", { for: "runs" }, "Runs of each"), this.runs)),
      this.explain,
      h("fieldset", { class: "run-transports" }, h("legend", {}, "Transports"), boxes),
      h("div", { class: "publish-row" }, this.button, this.report),
      this.progress,
      this.text,
    );
  }

  #showExplain() {
    setText(this.explain, this.config.workloads.find((w) => w.name === this.workload.value)?.explain ?? "");
  }

  #start() {
    const transports = this.boxes.filter((b) => b.checked).map((b) => b.value);
    if (!transports.length) return setText(this.text, "Choose at least one transport.");
    this.report.hidden = true;
    return this.app.try(startRun({ workload: this.workload.value, transports, runs: Number(this.runs.value) || 1 }));
  }

  #show({ state, text, done, report }) {
    const running = state === "running";
    this.button.disabled = running;
    this.progress.hidden = !running;
    this.progress.value = done ?? 0;
    setText(this.text, state === "idle" ? "" : state === "failed" ? `The run failed: ${text}` : (text ?? ""));
    this.report.hidden = !report;
    if (report) this.report.href = report;
    if (state === "done" && !this.element.closest("[hidden]")) this.#list();
  }

  async #list() {
    const reports = (await this.app.try(getReports())) ?? [];
    this.list.replaceChildren(...reports.map((r) => h("li", {}, h("a", { href: r.path, target: "_blank", rel: "noopener" }, r.title || r.name), h("span", { class: "quiet number" }, r.at ? new Date(r.at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }) : ""))));
    if (!reports.length) this.list.replaceChildren(h("li", { class: "quiet" }, "None yet. A run of one transport takes about ten seconds."));
  }
}
