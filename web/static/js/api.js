// What the page asks its own server for, and the stream of events it gets from it.

import { Emitter } from "./emitter.js";

/** Asks the server; a refusal is an Error with the server's own words. */
async function ask(path, body) {
  const init = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const r = await fetch(path, { cache: "no-store", ...init });
  const text = await r.text();
  if (r.ok) return text ? JSON.parse(text) : null;
  let message = `the server answered ${r.status}`;
  try {
    message = JSON.parse(text).error.message ?? message;
  } catch {
    // Not the server's own words.
  }
  throw new Error(message);
}

export const getConfig = () => ask("/api/config");
export const publish = (order) => ask("/api/publish", order);
export const setFault = (lane, fault) => ask(`/api/lanes/${lane}/fault`, fault);
export const cut = (lane) => ask(`/api/lanes/${lane}/cut`, {});
export const clearLane = (lane) => ask(`/api/lanes/${lane}/clear`, {});
export const getWire = (lane) => ask(`/api/lanes/${lane}/wire`);
export const changeNode = (name, verb) => ask(`/api/nodes/${encodeURIComponent(name)}/${verb}`, {});
export const startRun = (order) => ask("/api/run", order);
export const getReports = () => ask("/api/reports");

/** The server's events, by their type, and "connected" true or false. Connects again by itself. */
export class ServerEvents extends Emitter {
  connected = false;
  #source = null;

  open() {
    this.#source = new EventSource("/api/events");
    this.#source.onopen = () => this.#set(true);
    this.#source.onmessage = (e) => {
      const event = JSON.parse(e.data);
      this.emit(event.type, event);
    };
    this.#source.onerror = () => {
      this.#set(false);
      if (this.#source.readyState === EventSource.CLOSED) setTimeout(() => this.open(), 2000);
    };
  }

  #set(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.emit("connected", connected);
  }
}
