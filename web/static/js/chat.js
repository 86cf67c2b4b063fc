// A chat among open tabs, each over the transport that it likes: a room is a topic, and who is in it
// has a cursor there. It is a lane without a picture.

import { h, options, setText } from "./dom.js";
import { clockTime, ms } from "./format.js";
import { Lane } from "./lane.js";
import { buildNamespaces } from "./namespaces.js";
import { Published } from "./published.js";
import { quantile } from "./ring.js";
import { formatState } from "./state.js";
import { arms, find, transports } from "./transports/transports.js";

const kept = 200; // lines
const states = { idle: "off", connecting: "connecting", open: "live", reconnecting: "retrying", waiting: "retrying", paused: "paused", failed: "failed" };

export function buildChat(panel, page) {
  const chat = new Chat(page);
  panel.append(chat.element);
  if (page.config.namespaces) panel.append(buildNamespaces(page.config.namespaces));
  page.chat = chat;
  chat.join();
  return chat;
}

class Chat {
  #lane = null;

  constructor(page) {
    this.page = page;
    page.state.room ??= "lobby";
    this.name = h("input", { type: "text", id: "chat-name", "data-role": "chat-name", maxlength: "24", value: `guest ${100 + Math.floor(Math.random() * 900)}`, autocomplete: "off" });
    this.transport = h("select", { id: "chat-transport", "data-role": "chat-transport", on: { change: () => this.#switch() } }, options(transports.map((t) => [t.name, t.title]), page.state.chat ?? "websocket"));
    this.room = h("input", { type: "text", id: "chat-room", "data-role": "chat-room", maxlength: "32", pattern: "[a-z0-9\\-]+", value: page.state.room, autocomplete: "off", list: "chat-rooms" });
    this.rooms = h("datalist", { id: "chat-rooms" }, ["lobby", "kitchen", "balcony"].map((value) => h("option", { value })));
    this.pill = h("span", { class: "pill" });
    this.say = h("span", { class: "quiet" });
    this.lines = h("ol", { class: "plain" });
    this.log = h("div", { class: "chat-log", "data-role": "chat-log", role: "log", tabindex: "0", "aria-label": "Messages of the room" }, this.lines);
    this.text = h("input", { type: "text", class: "grow", "data-role": "chat-text", "aria-label": "Your message", maxlength: "1000", autocomplete: "off", placeholder: "Say something to the room" });
    this.links = h("p", { class: "chat-links quiet" });
    this.element = h("div", { class: "chat" }, this.#side(), this.#main());
    this.#showLinks();
  }

  #side() {
    const field = (label, control) => h("div", { class: "field" }, h("label", { for: control.id }, label), control);
    return h(
      "form",
      { class: "card chat-side", on: { submit: (e) => (e.preventDefault(), this.join()) } },
      h("h3", {}, "Who and where"),
      field("Name", this.name),
      field("Transport", this.transport),
      field("Room", this.room),
      this.rooms,
      h("button", { type: "submit", class: "button", "data-role": "chat-join" }, "Join the room"),
      this.links,
    );
  }

  #main() {
    const form = h("form", { class: "publish-row own", on: { submit: (e) => (e.preventDefault(), this.#send()) } }, this.text, h("button", { type: "submit", class: "button primary", "data-role": "chat-send" }, "Send"));
    return h("div", { class: "card chat-main" }, h("div", { class: "chat-state" }, this.pill, this.say), this.log, form);
  }

  /** Joins the room that is named, from its beginning as far as it is held. */
  join() {
    const room = this.room.value.trim().toLowerCase();
    if (!/^[a-z0-9-]{1,32}$/.test(room)) {
      this.room.setCustomValidity("Letters, digits and hyphens");
      this.room.reportValidity();
      return this.room.setCustomValidity("");
    }
    const { config, state } = this.page;
    this.#lane?.stop();
    state.room = room;
    this.lines.replaceChildren();
    const url = config.chat?.url ?? config.lanes.at(-1).url;
    const target = { id: 0, url, topic: `${config.room}.${room}`, options: config.options, published: new Published() };
    const lane = new Lane(target, this.transport.value);
    this.#lane = lane;
    lane.on("message", (m) => this.#heard(m));
    lane.on("state", () => this.#showState());
    lane.on("switch", () => this.#showState());
    lane.start({ epoch: "", offset: 0 });
    this.#showLinks();
    this.page.remember();
    return undefined;
  }

  #switch() {
    this.page.state.chat = this.transport.value;
    this.#lane?.switchTo(this.transport.value);
    this.#showLinks();
    this.page.remember();
  }

  /** Links that open another tab in the same room over another transport. */
  #showLinks() {
    const others = arms.filter((t) => t.name !== this.transport.value).slice(-3);
    const link = (t) => h("a", { href: formatState({ lanes: [], rate: undefined, view: "chat", room: this.page.state.room, chat: t.name }), target: "_blank", rel: "noopener" }, t.title);
    this.links.replaceChildren("Open another tab in this room over ", ...others.flatMap((t, i) => [i === 0 ? "" : i === others.length - 1 ? " or " : ", ", link(t)]), ".");
  }

  #showState() {
    const { status, text, transport, latencies } = this.#lane;
    setText(this.pill, status === "open" ? "live" : status);
    this.pill.dataset.state = states[status];
    const p50 = quantile(latencies.since(0), 0.5);
    setText(this.say, `${this.page.state.room} over ${transport.title}${text ? `, ${text}` : ""}${Number.isFinite(p50) ? `; half of its messages took less than ${ms(p50)}` : ""}`);
  }

  #heard({ message, said, latency, replayed }) {
    const mine = said.from === this.name.value;
    const how = Number.isFinite(latency) && !replayed && latency < 60_000 ? ms(latency) : "";
    const line = h(
      "li",
      { class: mine ? "mine" : "", "data-offset": message.offset },
      h("span", { class: "chat-who" }, said.from || "somebody"),
      h("span", { class: "chat-text" }, said.text),
      h("span", { class: "chat-when" }, Number.isNaN(said.at) ? "" : clockTime(said.at), how ? ` · ${how}` : ""),
    );
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
    this.lines.append(line);
    while (this.lines.children.length > kept) this.lines.firstChild.remove();
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
    this.#showState();
  }

  async #send() {
    const text = this.text.value;
    if (!text) return this.text.focus();
    this.text.value = "";
    const sent = await this.page.app.try(this.#lane.sendText(text, { from: this.name.value || "somebody" }));
    if (sent === undefined && !this.text.value) this.text.value = text;
    return undefined;
  }

  /** Changes the transport from outside: the tour's way in. */
  use(name) {
    this.transport.value = find(name).name;
    this.#switch();
  }

  get state() {
    const lane = this.#lane;
    return lane && { room: this.page.state.room, transport: lane.transport.name, status: lane.status, delivered: lane.judge.delivered, clean: lane.judge.clean };
  }
}
