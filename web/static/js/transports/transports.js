// The registry: one entry per way of dialling, in the order in which the tour tells them. name is what
// stands in the address, arm the server's transport, mode which of a transport's clients it is.

import * as ajax from "./ajax.js";
import * as longpoll from "./longpoll.js";
import * as polling from "./polling.js";
import * as socketio from "./socketio.js";
import * as streaming from "./streaming.js";
import * as websocket from "./websocket.js";

const table = [
  ["polling", "Polling", polling, "", ["poll"], "asks on a timetable, news or not", "fetch"],
  ["ajax", "AJAX", ajax, "", ["xhr"], "asks for what changed, ever more rarely", "XMLHttpRequest and fetch"],
  ["longpoll", "Long polling", longpoll, "", ["long"], "the server holds the question until there is news", "fetch"],
  ["streaming", "Streaming (SSE)", streaming, "eventsource", ["sse"], "one answer that never ends", "EventSource"],
  ["websocket", "WebSocket", websocket, "", ["ws"], "one connection, both ways", "WebSocket"],
  ["socketio", "Socket.IO", socketio, "websocket", ["sio"], "WebSocket first, falls back, reconnects", "socket.io-client"],
  ["streaming-fetch", "Streaming (SSE, fetch)", streaming, "fetch", [], "the same events, read by fetch", "fetch stream"],
  ["streaming-ndjson", "Streaming (NDJSON)", streaming, "ndjson", ["ndjson"], "lines of JSON, read by fetch", "fetch stream"],
  ["socketio-upgrade", "Socket.IO (upgrade)", socketio, "upgrade", [], "long polling first, then WebSocket", "socket.io-client"],
  ["socketio-polling", "Socket.IO (polling)", socketio, "polling", [], "long polling alone", "socket.io-client"],
];

export const transports = table.map(([name, title, client, mode, aliases, about, means]) => ({
  name,
  title,
  arm: name.split("-")[0],
  mode,
  aliases,
  about,
  means,
  dial: (target) => client.dial({ ...target, mode }),
}));

/** The six that a lane each is given at first. */
export const arms = transports.filter((t) => t.name === t.arm);

/** The transport of a name or an alias, undefined when there is none. */
export const find = (name) => transports.find((t) => t.name === name || t.aliases.includes(name));
