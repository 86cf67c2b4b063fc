// What the protocol tests share: sessions spoken by hand, over fetch and ws.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";

export const pingInterval = Number(process.env.PING_INTERVAL);
export const pingTimeout = Number(process.env.PING_TIMEOUT);
export const silence = pingInterval + pingTimeout;

// A Line keeps every frame in order, so that none is missed between two waits.
export class Line {
  #frames = [];
  #wake = () => {};
  constructor(url) {
    this.ws = new WebSocket(url);
    this.ws.binaryType = "arraybuffer";
    this.ws.on("error", () => {});
    this.ws.on("message", (data, binary) => {
      this.#frames.push(binary ? [...new Uint8Array(data)] : data.toString());
      this.#wake();
    });
    this.opened = new Promise((resolve) => this.ws.once("open", () => resolve(true)));
    this.closed = new Promise((resolve) => this.ws.once("close", (code) => { resolve(code); this.#wake(); }));
  }
  send(...frames) {
    for (const f of frames) this.ws.send(typeof f === "string" ? f : Uint8Array.from(f));
  }
  // hear returns the next frame that is no ping, or undefined when the connection has closed.
  async hear({ pings = false } = {}) {
    for (;;) {
      while (this.#frames.length > 0) {
        const frame = this.#frames.shift();
        if (pings || frame !== "2") return frame;
        this.send("3");
      }
      if (this.ws.readyState === WebSocket.CLOSED) return undefined;
      await new Promise((resolve) => { this.#wake = resolve; });
    }
  }
  async expect(...frames) {
    for (const f of frames) assert.deepEqual(await this.hear(), f);
  }
  close() { this.ws.terminate(); }
}

// client speaks to the Engine.IO server at a path, in a version of its protocol.
export function client(path, version) {
  const base = process.env.SERVER + path;
  const query = (more) => `?EIO=${version}&${more}`;
  return {
    http: (more, options) => fetch(base + more, options),
    get: async (sid) => { const r = await fetch(base + query(`transport=polling&sid=${sid}`)); return { status: r.status, text: await r.text() }; },
    post: async (sid, body, headers) => { const r = await fetch(base + query(`transport=polling&sid=${sid}`), { method: "POST", body, headers }); return { status: r.status, text: await r.text() }; },
    dial: (more) => new Line(base.replace("http", "ws") + (more ?? query("transport=websocket"))),
    upgrade: (sid) => new Line(base.replace("http", "ws") + query(`transport=websocket&sid=${sid}`)),
    async poll() {
      const text = await (await fetch(base + query("transport=polling"))).text();
      return JSON.parse(text.slice(text.indexOf("{"))).sid;
    },
    async live() {
      const line = this.dial();
      const open = await line.hear();
      assert.equal(open?.[0], "0");
      return line;
    },
  };
}

export { sleep };
