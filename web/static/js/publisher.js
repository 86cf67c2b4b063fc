// The controls of the publisher. It publishes in the server: what the page shows is what the server
// says, so that all open tabs agree.

import { publish } from "./api.js";
import { byID, h, icon, options, setText } from "./dom.js";
import { bytes, count, rate } from "./format.js";

const sizes = [64, 256, 1024, 4096, 8192];
const usual = 10; // messages a second, where nobody has said how many

export class Publisher {
  #app;
  #last = usual; // the rate that was before it stopped

  constructor(app) {
    this.#app = app;
    const size = byID("size");
    size.replaceChildren(...options(sizes.map((n) => [String(n), bytes(n)]), "64"));
    size.addEventListener("change", () => this.set({ size: Number(size.value) }));
    const slider = byID("rate");
    slider.addEventListener("input", () => this.#later(Number(slider.value)));
    byID("binary").addEventListener("change", (e) => this.set({ binary: e.target.checked }));
    byID("stream-toggle").addEventListener("click", () => this.set({ rate: app.publishing ? 0 : this.#last }));
    for (const b of document.querySelectorAll("[data-burst]")) b.addEventListener("click", () => this.set({ burst: Number(b.dataset.burst) }));
    byID("own").addEventListener("submit", (e) => {
      e.preventDefault();
      this.#sendOwn();
    });
    app.events.on("publisher", (state) => this.#show(state));
    app.on("lanes", () => this.#showVia());
    app.on("refresh", () => this.#showCount());
    this.#showVia();
    this.#show(app.stream);
  }

  set(order) {
    return this.#app.try(publish(order), () => this.#show(this.#app.stream));
  }

  /** A slider that is dragged says much: the last of every 80 ms is asked for. */
  #later(value) {
    this.#wanted = value;
    this.#showRate(value);
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.set({ rate: this.#wanted });
    }, 80);
  }
  #timer = 0;
  #wanted = 0;
  #failing = false;

  #show(state) {
    this.#app.stream = { rate: state.rate, size: state.size, binary: state.binary };
    if (state.rate > 0) this.#last = state.rate;
    const running = state.rate > 0;
    const toggle = byID("stream-toggle");
    toggle.replaceChildren(icon(running ? "pause" : "play"), running ? "Stop" : "Start");
    toggle.classList.toggle("primary", !running);
    const slider = byID("rate");
    if (!this.#timer) slider.value = String(state.rate);
    if (!this.#timer) this.#showRate(state.rate);
    this.#showSize(state.size);
    byID("binary").checked = state.binary;
    this.#failing = state.failing === true;
    this.#showCount();
    this.#app.emit("stream", this.#app.stream);
  }

  #showCount() {
    const { count: known } = this.#app.published;
    setText(byID("publish-state"), this.#failing ? "the store does not take messages" : known ? `${count(known)} since this page opened` : "");
  }

  #showRate(value) {
    byID("rate").style.setProperty("--filled", `${Math.min(100, (value / byID("rate").max) * 100)}%`);
    setText(byID("rate-shown"), value ? `${rate(value)} messages a second` : "stopped");
    byID("rate").setAttribute("aria-valuetext", `${rate(value)} messages a second`);
  }

  #showSize(size) {
    const select = byID("size");
    if (![...select.options].some((o) => o.value === String(size))) select.append(h("option", { value: String(size) }, bytes(size)));
    select.value = String(size);
  }

  #showVia() {
    const select = byID("own-via");
    const chosen = select.value;
    const lanes = this.#app.lanes.map((lane) => [String(lane.id), `through lane ${lane.id}, ${lane.transport.title}`]);
    select.replaceChildren(...options([["", "through the publisher"], ...lanes], chosen));
    if (select.selectedIndex < 0) select.value = "";
  }

  async #sendOwn() {
    const field = byID("own-text");
    const text = field.value;
    if (!text) return field.focus();
    const lane = this.#app.lanes.find((l) => String(l.id) === byID("own-via").value);
    const sent = lane ? lane.sendText(text) : publish({ text });
    if ((await this.#app.try(sent)) !== undefined) field.value = "";
  }
}
