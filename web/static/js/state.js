// What the address says after its #: which lanes, how fast, over which network, what is looked at.
// "#lanes=polling,sse,ws&rate=20&net=4g" means the same to everybody who gets the link.

import { arms, find } from "./transports/transports.js";

const views = ["wire", "measure", "chat", "run"];
const mostLanes = 6;

/** Reads an address's fragment. What it does not say, or says wrongly, is undefined. */
export function parseState(hash) {
  const q = new URLSearchParams(hash.replace(/^#/, ""));
  const state = {};
  if (q.has("lanes")) {
    const names = q.get("lanes").split(",").map((name) => find(name.trim())?.name);
    state.lanes = names.filter(Boolean).slice(0, mostLanes);
  }
  const rate = number(q.get("rate"), 0, 500);
  if (rate !== undefined) state.rate = rate;
  const size = number(q.get("size"), 8, 8192);
  if (size !== undefined) state.size = Math.round(size);
  if (q.has("binary")) state.binary = q.get("binary") !== "0";
  if (/^[a-z0-9-]{1,32}$/.test(q.get("net") ?? "")) state.net = q.get("net");
  if (views.includes(q.get("view"))) state.view = q.get("view");
  else if (q.has("chat")) state.view = "chat";
  if (/^[a-z0-9-]{1,32}$/.test(q.get("room") ?? "")) state.room = q.get("room");
  const chat = find(q.get("chat") ?? "");
  if (chat) state.chat = chat.name;
  const tour = number(q.get("tour"), 1, 99);
  if (tour !== undefined) state.tour = Math.round(tour);
  return state;
}

function number(text, least, most) {
  if (text === null || !/^\d+(\.\d+)?$/.test(text)) return undefined;
  const n = Number(text);
  return n >= least && n <= most ? n : undefined;
}

/** Writes a fragment; members that are undefined, or as they are anyway, are left out. */
export function formatState(state) {
  const parts = [];
  if (state.lanes && !sameNames(state.lanes, arms.map((t) => t.name))) parts.push(`lanes=${state.lanes.map(short).join(",")}`);
  for (const key of ["rate", "size", "net", "view", "room", "tour"]) {
    if (state[key] !== undefined) parts.push(`${key}=${encodeURIComponent(state[key])}`);
  }
  if (state.binary) parts.push("binary=1");
  if (state.chat) parts.push(`chat=${short(state.chat)}`);
  return parts.length ? `#${parts.join("&")}` : "";
}

const sameNames = (a, b) => a.length === b.length && a.every((name, i) => name === b[i]);

// A name's usual short form: "sse" for streaming.
const short = (name) => (["streaming", "websocket", "socketio"].includes(name) ? find(name).aliases[0] : name);
