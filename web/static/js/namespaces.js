// Namespaces of Socket.IO: two conversations over one connection, each with rooms of its own.

import { h, setText } from "./dom.js";
import { load } from "./transports/socketio.js";

const kept = 50; // lines of each

/** Builds two namespaces side by side; path is where the server's Socket.IO is. */
export function buildNamespaces(path) {
  const state = h("p", { class: "quiet" }, "Not connected yet.");
  const place = h("div", { class: "namespaces-pair" });
  const connect = h("button", { type: "button", class: "button", "data-role": "namespaces" }, "Connect to both");
  connect.addEventListener("click", async () => {
    connect.disabled = true;
    try {
      open(await load(), path, place, state);
      connect.hidden = true;
    } catch (e) {
      setText(state, e.message);
      connect.disabled = false;
    }
  });
  return h(
    "section",
    { class: "card namespaces", "aria-labelledby": "namespaces-title" },
    h("div", { class: "card-head" }, h("h3", { id: "namespaces-title" }, "Namespaces: one connection, two conversations"), connect),
    h("p", { class: "quiet" }, "Socket.IO splits a connection into namespaces. A room of the same name in another namespace is another room: what is said in one is not heard in the other."),
    state,
    place,
  );
}

function open({ Manager }, path, place, state) {
  const manager = new Manager(location.origin, { path, transports: ["websocket", "polling"], tryAllTransports: true });
  const sockets = ["/news", "/chat"].map((name) => [name, manager.socket(name)]);
  const tell = () => {
    const connected = sockets.filter(([, s]) => s.connected);
    const over = manager.engine?.transport?.name === "websocket" ? "one WebSocket" : "one long polling session";
    setText(state, connected.length ? `${connected.map(([name]) => name).join(" and ")} over ${over}, Engine.IO session ${manager.engine.id}` : "connecting again by itself");
  };
  for (const [name, socket] of sockets) {
    place.append(panel(name, socket));
    socket.on("connect", tell);
    socket.on("disconnect", tell);
  }
  manager.on("error", (e) => setText(state, `Socket.IO: ${e.message}`));
}

function panel(name, socket) {
  const lines = h("ol", { class: "plain" });
  const log = h("div", { class: "chat-log small", role: "log", tabindex: "0", "aria-label": `What is said in ${name}` }, lines);
  const text = h("input", { type: "text", class: "grow", "aria-label": `Say in ${name}`, maxlength: "300", autocomplete: "off", placeholder: `To room “lobby” of ${name}` });
  socket.on("connect", () => socket.emit("join", "lobby"));
  socket.on("said", (said) => {
    lines.append(h("li", {}, h("span", { class: "chat-who" }, said?.from === socket.id ? "you" : String(said?.from ?? "somebody")), h("span", { class: "chat-text" }, String(said?.text ?? ""))));
    while (lines.children.length > kept) lines.firstChild.remove();
    log.scrollTop = log.scrollHeight;
  });
  const say = (e) => {
    e.preventDefault();
    if (!text.value) return;
    socket.emit("say", "lobby", text.value);
    text.value = "";
  };
  return h("div", { class: "namespace", "data-namespace": name }, h("h4", { class: "mono" }, name), log, h("form", { class: "publish-row own", on: { submit: say } }, text, h("button", { type: "submit", class: "button" }, "Say")));
}
