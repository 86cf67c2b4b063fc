// The waterfall: every request, answer, event and frame of the lanes, newest first.

import { clearLane } from "./api.js";
import { h, icon, setAttr, setText } from "./dom.js";
import { bytes, count, ms } from "./format.js";
import { WireDetail } from "./wiredetail.js";
import { WireTotals } from "./wiretotals.js";

const rows = 60;
const leastSpan = 500; // milliseconds that the waterfall is wide at least
const mostSpan = 20_000; // and at most
const spanRows = 40; // rows whose times the width holds: about two screens of the list
const every = 250; // milliseconds between two pictures

export function buildWire(panel, page) {
  const view = new WireView(page);
  panel.append(view.element);
  page.wire.load().catch(() => {}); // what is told from now on is enough
  return view;
}

class WireView {
  #pool = [];
  #shown = []; // entries, by row
  #selected = null;
  #filter = 0; // a lane's id, 0 for all
  #dirty = true;
  #timer = 0;
  #span = leastSpan;

  constructor(page) {
    this.page = page;
    this.chips = h("div", { class: "chips", role: "group", "aria-label": "Lanes to show" });
    this.follow = h("input", { type: "checkbox", checked: true, on: { change: () => (this.#dirty = true) } });
    this.list = h("div", {
      class: "wire-list",
      role: "listbox",
      tabindex: "0",
      "aria-label": "Requests, answers, events and frames, newest first",
      on: { keydown: (e) => this.#key(e), focus: () => this.#focused() },
    });
    this.skipped = h("span", { class: "quiet" });
    this.empty = h("p", { class: "wire-empty quiet" }, "Nothing has passed the lanes' ports yet.");
    this.detail = new WireDetail(page.wire);
    this.element = h(
      "div",
      { class: "wire" },
      h(
        "div",
        { class: "wire-tools" },
        this.chips,
        h("label", { class: "switch" }, this.follow, h("span", {}, "Follow")),
        h("button", { type: "button", class: "button small", on: { click: () => this.#clear() } }, "Clear"),
        this.skipped,
      ),
      h("div", { class: "wire-body" }, h("div", { class: "card wire-table" }, this.#head(), this.list, this.empty), this.detail.element),
      new WireTotals(page.app).element,
    );
    page.app.on("lanes", () => this.#showChips());
    page.wire.on("entries", () => (this.#dirty = true));
    this.#showChips();
  }

  #head() {
    this.spanText = h("span", {}, "Time");
    return h("div", { class: "wire-head", "aria-hidden": "true" }, h("span"), h("span", {}, "What"), h("span", {}, "Connection"), h("span", {}, "Bytes"), this.spanText);
  }

  show() {
    this.#timer = setInterval(() => this.#refresh(), every);
    this.#dirty = true;
    this.#refresh();
  }

  hide() {
    clearInterval(this.#timer);
  }

  #showChips() {
    const { lanes } = this.page.app;
    if (this.#filter && !lanes.some((lane) => lane.id === this.#filter)) this.#filter = 0;
    const chip = (id, text, arm) => h("button", { type: "button", class: "chip", "data-arm": arm, "aria-pressed": String(this.#filter === id), on: { click: () => this.#choose(id) } }, text);
    const focused = [...this.chips.children].indexOf(document.activeElement);
    this.chips.replaceChildren(chip(0, "All lanes"), ...lanes.map((lane) => chip(lane.id, lane.transport.title, lane.transport.arm)));
    this.chips.children[focused]?.focus();
    this.#dirty = true;
  }

  #choose(id) {
    this.#filter = id;
    this.#showChips();
    this.#refresh();
  }

  /** Shows one lane's entries: the tour's way in. */
  only(id) {
    this.#choose(id);
  }

  get #ids() {
    return this.#filter ? [this.#filter] : this.page.app.lanes.map((lane) => lane.id);
  }

  #clear() {
    for (const id of this.#ids) {
      this.page.app.try(clearLane(id));
      this.page.wire.clear(id);
    }
    this.#select(null);
    this.follow.checked = true;
  }

  #refresh() {
    if (!this.#dirty || (!this.follow.checked && this.#shown.length)) return;
    this.#dirty = false;
    this.#shown = this.page.wire.newest(this.#ids, rows);
    this.empty.hidden = this.#shown.length > 0;
    const end = this.#shown.reduce((most, e) => Math.max(most, e.end), 0);
    const begin = this.#shown.slice(0, spanRows).reduce((least, e) => Math.min(least, e.start), end);
    this.#span = Math.min(Math.max(end - begin, leastSpan), mostSpan);
    setText(this.spanText, `Time, the last ${ms(this.#span)}`);
    while (this.#pool.length < this.#shown.length) this.#pool.push(this.#row(this.#pool.length));
    this.#pool.forEach((row, i) => this.#fill(row, this.#shown[i], end));
    const skipped = this.#ids.reduce((sum, id) => sum + (this.page.wire.skipped.get(id) ?? 0), 0);
    setText(this.skipped, skipped ? `${count(skipped)} more were too many to show` : "");
  }

  #row(i) {
    const cells = { dir: h("span", { class: "wire-dir" }), title: h("span", { class: "wire-title" }), conn: h("span", { class: "wire-conn" }), size: h("span", { class: "wire-size" }), wait: h("span", { class: "bar wait" }), bar: h("span", { class: "bar" }) };
    const element = h(
      "div",
      { class: "wire-row", role: "option", id: `wire-row-${i}`, "aria-selected": "false", on: { click: () => this.#pick(i) } },
      cells.dir,
      cells.title,
      cells.conn,
      cells.size,
      h("span", { class: "wire-fall" }, cells.wait, cells.bar),
    );
    this.list.append(element);
    return { element, cells, dir: "" };
  }

  #fill(row, entry, end) {
    row.element.hidden = !entry;
    if (!entry) return;
    const { cells, element } = row;
    const lane = this.page.app.lanes.find((l) => l.id === entry.lane);
    setAttr(element, "data-arm", lane?.transport.arm);
    setAttr(element, "data-kind", entry.kind);
    const dir = entry.dir === "up" ? "up" : entry.dir === "down" ? "down" : entry.kind === "open" ? "plus" : "close";
    if (row.dir !== dir) cells.dir.replaceChildren(icon((row.dir = dir)));
    setText(cells.title, entry.title);
    setText(cells.conn, `#${entry.conn}${entry.reused || entry.kind !== "request" ? "" : " new"}`);
    setText(cells.size, entry.bytes ? bytes(entry.bytes) : "");
    const asked = this.page.wire.requestOf(entry);
    span(cells.bar, entry.start, Math.max(entry.end, entry.start), end, this.#span);
    if (asked) span(cells.wait, asked.end, entry.start, end, this.#span);
    cells.wait.hidden = !asked;
    setAttr(element, "aria-selected", entry === this.#selected);
    setAttr(element, "aria-label", spoken(entry, lane));
  }

  #key(e) {
    const at = this.#shown.indexOf(this.#selected);
    const to = { ArrowDown: at + 1, ArrowUp: Math.max(0, at - 1), Home: 0, End: this.#shown.length - 1, PageDown: at + 10, PageUp: Math.max(0, at - 10) }[e.key];
    if (e.key === "Escape") this.#resume();
    if (to === undefined || !this.#shown.length) return;
    e.preventDefault();
    this.#pick(Math.min(to, this.#shown.length - 1));
  }

  #resume() {
    this.#select(null);
    this.follow.checked = true;
    this.#dirty = true;
    this.#refresh();
  }

  #focused() {
    if (!this.#selected && this.#shown.length && this.list.matches(":focus-visible")) this.#pick(0);
  }

  /** Selects a row; the list stands still from then on. */
  #pick(i) {
    this.follow.checked = false;
    this.#select(this.#shown[i]);
    this.#pool[i]?.element.scrollIntoView({ block: "nearest" });
  }

  #select(entry) {
    this.#selected = entry;
    this.#pool.forEach((row, i) => {
      const selected = entry !== null && this.#shown[i] === entry;
      setAttr(row.element, "aria-selected", selected);
      if (selected) setAttr(this.list, "aria-activedescendant", row.element.id);
    });
    if (!entry) this.list.removeAttribute("aria-activedescendant");
    this.detail.show(entry);
  }
}

/** Places a bar in the width that ends at end. */
function span(bar, from, to, end, width) {
  const left = Math.max(0, 1 - (end - from) / width);
  const right = Math.max(0, (end - to) / width);
  bar.hidden = right > 1;
  bar.style.left = `${left * 100}%`;
  bar.style.right = `${Math.min(right, 1 - left) * 100}%`;
}

function spoken(entry, lane) {
  const way = entry.dir === "up" ? "to the server" : entry.dir === "down" ? "to the page" : "";
  return `${lane?.transport.title ?? ""}: ${entry.title}, ${entry.bytes} bytes ${way}, took ${ms(entry.end - entry.start)}`;
}
