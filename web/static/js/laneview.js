// A lane as people see it: who it is, its messages on their way, and what the judge says of them.

import { cut } from "./api.js";
import { BreakPanel } from "./breakpanel.js";
import { h, icon, iconButton, options, setAttr, setText } from "./dom.js";
import { count, ms } from "./format.js";
import { quantile } from "./ring.js";
import { color, theme } from "./theme.js";
import { Track } from "./track.js";
import { arms, transports } from "./transports/transports.js";

const statesOf = { idle: "off", connecting: "connecting", open: "live", reconnecting: "retrying", waiting: "retrying", paused: "paused", failed: "off" };
const words = { idle: "off", connecting: "connecting", open: "live", reconnecting: "reconnecting", waiting: "dialling again", paused: "paused", failed: "ended" };

const narrow = matchMedia("(max-width: 760px)");
const window_ = 10_000; // milliseconds of which the quantiles are

const facts = [
  ["delivered", "delivered"],
  ["lost", "lost"],
  ["repeated", "repeated"],
  ["reordered", "order"],
  ["p50", "p50"],
  ["p99", "p99"],
  ["behind", "behind"],
  ["gaps", "gaps"],
];

export class LaneView {
  #cells = {};
  #fault = null;

  /** app gives the view its published messages, nets and what removing means. */
  constructor(lane, app) {
    this.lane = lane;
    this.app = app;
    this.#build();
    this.track = new Track(this.canvas);
    this.#observe();
    lane.on("message", ({ message, at, latency, fresh, replayed }) => Number.isNaN(latency) || this.track.land(message.offset, at, latency, fresh ? Number(replayed) : 2));
    lane.on("state", () => this.showState());
    lane.on("switch", () => this.#switched());
    lane.on("note", (note) => this.#noted(note));
    this.offTheme = theme.on("change", () => this.recolor());
    this.#switched();
    this.showState();
  }

  #build() {
    const { lane } = this;
    const name = `lane-${lane.id}-name`;
    this.select = h(
      "select",
      { "data-role": "transport", "aria-label": `Transport of lane ${lane.id}`, id: name, on: { change: () => lane.switchTo(this.select.value) } },
      h("optgroup", { label: "Transports" }, options(arms.map((t) => [t.name, t.title]))),
      h("optgroup", { label: "Other clients of them" }, options(transports.filter((t) => !arms.includes(t)).map((t) => [t.name, t.title]))),
    );
    this.pill = h("span", { class: "pill" });
    this.say = h("span", { class: "lane-say" });
    this.nodeName = h("span", { class: "lane-node" });
    this.canvas = h("canvas", { role: "img" });
    this.empty = h("p", { class: "lane-empty" });
    this.note = h("span", { class: "note" });
    this.last = h("span", { class: "last", "data-role": "last" });
    this.badges = h("span", { class: "badges" });
    this.pauseButton = iconButton("pause", "", () => (lane.status === "paused" || lane.status === "failed" ? lane.resume() : lane.pause()), { "data-role": "pause" });
    this.breakButton = iconButton("sliders", `Break lane ${lane.id}: delay, bandwidth, stall`, () => this.toggleBreak(), { "aria-expanded": "false", "data-role": "break" });
    this.breakPanel = new BreakPanel(this);
    this.element = h(
      "li",
      { class: "lane", "data-lane": lane.id },
      h(
        "div",
        { class: "lane-head" },
        h("div", { class: "lane-title" }, h("span", { class: "lane-number", "aria-hidden": "true" }, lane.id), this.select),
        h("div", { class: "lane-state" }, this.pill, this.nodeName),
      ),
      h("div", { class: "lane-track" }, this.canvas, this.empty),
      h(
        "div",
        { class: "lane-facts" },
        h("dl", { class: "facts" }, facts.map((f) => this.#fact(...f))),
        h(
          "div",
          { class: "lane-tools" },
          this.pauseButton,
          iconButton("cut", `Cut lane ${lane.id}'s connection`, () => this.app.try(cut(lane.id)), { "data-role": "cut" }),
          this.breakButton,
          iconButton("close", `Remove lane ${lane.id}`, () => this.app.removeLane(lane.id), { "data-role": "remove" }),
        ),
      ),
      h("div", { class: "lane-line" }, this.badges, this.say, this.note, this.last),
      this.breakPanel.element,
    );
  }

  #fact(key, title) {
    const dd = h("dd", { "data-count": key }, "0");
    const box = h("div", { title: meanings[key] }, h("dt", {}, title), dd);
    this.#cells[key] = { dd, box };
    return box;
  }

  #observe() {
    this.resizes = new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      this.track.labels = narrow.matches;
      this.track.resize(width, height, Math.min(devicePixelRatio || 1, 2));
    });
    this.resizes.observe(this.canvas);
    this.sights = new IntersectionObserver(
      ([entry]) => {
        this.track.visible = entry.isIntersecting;
        this.track.touch();
      },
      { rootMargin: "200px" },
    );
    this.sights.observe(this.canvas);
  }

  recolor() {
    const of = (name) => color(this.element, name);
    this.track.colors = { lane: of("--lane"), line: of("--line"), soft: of("--soft"), bad: of("--bad"), surface: of("--surface"), text: of("--text"), ground: color(this.element, "--track") };
    this.track.touch();
  }

  #switched() {
    const t = this.lane.transport;
    this.element.dataset.arm = t.arm;
    this.element.dataset.transport = t.name;
    this.select.title = `${t.title}, spoken with ${t.means}`;
    this.select.value = t.name;
    this.recolor();
    this.app.changed();
  }

  showState() {
    const { status, text, transport } = this.lane;
    this.element.dataset.state = statesOf[status];
    this.pill.dataset.state = status === "failed" ? "failed" : statesOf[status];
    setText(this.pill, words[status]);
    setText(this.say, (status === "open" && text) || transport.about);
    this.say.title = text;
    const resumes = status === "paused" || status === "failed";
    const label = `${resumes ? "Resume" : "Pause"} lane ${this.lane.id}`;
    if (this.pauseButton.getAttribute("aria-label") !== label) {
      this.pauseButton.replaceChildren(icon(resumes ? "play" : "pause"));
      setAttr(this.pauseButton, "aria-label", label);
      this.pauseButton.title = label;
    }
    if (status !== this.spoken && ["open", "waiting", "failed", "paused"].includes(status)) {
      if (this.spoken) this.app.announce(`Lane ${this.lane.id}, ${transport.title}: ${words[status]}`);
      this.spoken = status;
    }
  }

  #noted({ text, kind }) {
    setText(this.note, text);
    this.note.title = text;
    this.note.dataset.kind = kind;
    this.breakPanel.showNotes();
  }

  toggleBreak(open = this.breakPanel.element.hidden) {
    this.breakPanel.element.hidden = !open;
    setAttr(this.breakButton, "aria-expanded", open);
    this.breakPanel.showNotes();
  }

  /** Shows what the server said of the lane: the node behind it, the fault in force. */
  showServer({ node, fault }) {
    setText(this.nodeName, node ? `server ${node}` : "");
    if (fault && JSON.stringify(fault) !== this.#fault) {
      this.#fault = JSON.stringify(fault);
      this.breakPanel.show(fault);
      this.badges.replaceChildren(...badges(fault).map((text) => h("span", { class: "badge" }, text)));
    }
  }

  /** Shows the counts; called four times a second. */
  refresh(now) {
    const { lane, app } = this;
    const { judge } = lane;
    const sorted = lane.latencies.since(now - window_);
    this.track.p50 = lane.p50 = quantile(sorted, 0.5);
    this.track.p99 = lane.p99 = quantile(sorted, 0.99);
    this.track.touch();
    const behind = app.published.epoch === lane.cursor.epoch ? Math.max(0, app.published.latest - lane.cursor.offset) : 0;
    this.#set("delivered", judge.delivered);
    this.#set("lost", judge.lost, judge.lost > 0);
    this.#set("repeated", judge.repeated, judge.repeated > 0);
    this.#set("gaps", judge.gaps, judge.gaps > 0);
    this.#set("behind", behind);
    this.#word("reordered", judge.reordered ? count(judge.reordered) : judge.delivered ? "✓" : "–", judge.reordered > 0, judge.reordered === 0 && judge.delivered > 0);
    this.#word("p50", ms(lane.p50));
    this.#word("p99", ms(lane.p99));
    const { element } = this;
    setAttr(this.#cells.reordered.dd, "data-value", judge.reordered);
    setAttr(element, "data-first", judge.first || null);
    setAttr(element, "data-last", judge.delivered ? lane.cursor.offset : null);
    setAttr(element, "data-digest", judge.digest);
    if (lane.last) setText(this.last, `${lane.last.offset}  ${lane.last.text || "stream"}`);
    this.#describe(now);
    element.dataset.behind = behind;
  }

  #set(key, value, bad = false) {
    const { dd, box } = this.#cells[key];
    setText(dd, count(value));
    setAttr(dd, "data-value", value);
    setAttr(box, "data-bad", bad || null);
  }

  #word(key, text, bad = false, ok = false) {
    const { dd, box } = this.#cells[key];
    setText(dd, text);
    setAttr(box, "data-bad", bad || null);
    setAttr(box, "data-ok", ok || null);
  }

  /** Why nothing is to be seen. */
  #why() {
    const { lane, app } = this;
    if (lane.status === "failed") return lane.text;
    if (lane.status === "paused") return "paused: it goes on at its cursor";
    if (Number(this.element.dataset.behind) > 0) return "";
    return app.publishing ? "waiting for the next message" : "nothing is being published";
  }

  #describe(now) {
    const { lane } = this;
    const quiet = now - lane.lastAt > 3000;
    this.empty.hidden = !quiet;
    if (quiet) setText(this.empty, this.#why());
    const text = `Lane ${lane.id}, ${lane.transport.title}: half of the messages arrive within ${ms(lane.p50)}, 99 of 100 within ${ms(lane.p99)}`;
    if (text !== this.described) setAttr(this.canvas, "aria-label", (this.described = text));
  }

  remove() {
    this.resizes.disconnect();
    this.sights.disconnect();
    this.offTheme();
    this.element.remove();
  }
}

const meanings = {
  delivered: "Messages that this lane received, each once",
  lost: "Messages that never came though later ones did, and no gap was reported",
  repeated: "Messages that came more than once",
  reordered: "✓ while every message came right behind the one before",
  p50: "Half of the last ten seconds' messages took less",
  p99: "99 of 100 of the last ten seconds' messages took less",
  behind: "Published, and not here yet",
  gaps: "Reports of messages that are no longer held",
};

/** A fault in words. */
function badges(f) {
  const list = [];
  if (f.delayMs || f.jitterMs) list.push(`+${f.delayMs}${f.jitterMs ? `–${f.delayMs + f.jitterMs}` : ""} ms`);
  if (f.rateKbit) list.push(f.rateKbit >= 1000 ? `${f.rateKbit / 1000} Mbit/s` : `${f.rateKbit} kbit/s`);
  if (f.stall) list.push("stalled");
  if (f.blockWebSocket) list.push("WebSocket blocked");
  if (f.buffer) list.push("buffering");
  return list;
}
