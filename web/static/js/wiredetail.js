// One entry of the waterfall: its bytes by what they are for, and its beginning as it was on the wire.

import { h } from "./dom.js";
import { bytes, ms } from "./format.js";

export const layers = [
  ["payload", "Payload", "the messages' data"],
  ["envelope", "Envelope", "offsets and IDs, alike on every transport"],
  ["framing", "Framing", "chunk sizes, event fields, frame heads"],
  ["headers", "Headers", "request and status lines, header fields"],
  ["other", "Other", "what carries no message"],
];

const classes = { header: "headers", headers: "headers", framing: "framing", envelope: "envelope", payload: "payload", other: "other" };

export class WireDetail {
  constructor(log) {
    this.log = log;
    this.element = h("div", { class: "card wire-detail", "aria-live": "off" });
    this.show(null);
  }

  show(entry) {
    if (!entry) {
      this.element.replaceChildren(
        h("h3", {}, "What the colours mean"),
        h("dl", { class: "legend" }, layers.map(([key, title, what]) => h("div", { "data-layer": key }, h("dt", {}, title), h("dd", {}, what)))),
        h("p", { class: "quiet" }, "Choose a line to see its bytes. Arrow keys move through the list, Escape lets it go on."),
      );
      return;
    }
    const asked = this.log.requestOf(entry);
    const facts = [
      ["Connection", `#${entry.conn}${["request", "response"].includes(entry.kind) ? (entry.reused ? ", reused" : ", new") : ""}`],
      ["Bytes", bytes(entry.bytes)],
      ["On the wire for", ms(entry.end - entry.start)],
      asked && ["Waited for", ms(entry.start - asked.end)],
    ].filter(Boolean);
    this.element.replaceChildren(
      h("h3", { class: "mono wire-name" }, entry.title),
      h("dl", { class: "wire-facts" }, facts.map(([k, v]) => h("div", {}, h("dt", {}, k), h("dd", {}, v)))),
      bar(entry.layers ?? {}),
      raw(entry),
    );
  }
}

/** Bytes by layer as one bar, with its numbers. */
function bar(of) {
  const present = layers.filter(([key]) => of[key] > 0);
  const strip = h(
    "div",
    { class: "layer-bar", "aria-hidden": "true" },
    present.map(([key]) => {
      const part = h("span", { "data-layer": key });
      part.style.flexGrow = String(of[key]);
      return part;
    }),
  );
  return h("div", {}, strip, h("dl", { class: "legend numbers" }, present.map(([key, title]) => h("div", { "data-layer": key }, h("dt", {}, title), h("dd", {}, bytes(of[key]))))));
}

function raw({ parts, cut }) {
  if (!parts?.length) return h("p", { class: "quiet" }, "No bytes of its own.");
  const text = h("pre", { class: "raw", tabindex: "0", "aria-label": "Its bytes as text" }, parts.map((p) => h("span", { "data-layer": classes[p.c] ?? "other" }, visible(p.t))));
  return h("div", {}, text, cut ? h("p", { class: "quiet" }, "There was more.") : null);
}

// Bytes that are no text, as the pictures that Unicode has of them; line ends stay.
const visible = (text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, (c) => (c === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + c.charCodeAt(0))));
