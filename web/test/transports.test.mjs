import assert from "node:assert/strict";
import { test } from "node:test";
import { find } from "../static/js/transports/transports.js";

const target = { url: "http://lane.test", topic: "t", after: { epoch: "e", offset: 0 }, options: { intervalMs: 60_000, batch: 256 } };
const encoder = new TextEncoder();

/** The next message as "offset data". */
const next = async (conn) => {
  const m = await conn.receive();
  return `${m.offset} ${m.data}`;
};

test("an answer to an AJAX POST brings the message without a GET, and none twice", async (t) => {
  const asked = [];
  globalThis.XMLHttpRequest = class {
    open(method, url) {
      this.asked = `${method} ${url}`;
    }
    setRequestHeader() {}
    getResponseHeader() {
      return "application/json";
    }
    send() {
      asked.push(this.asked);
      this.status = 200;
      this.response = encoder.encode('{"epoch":"e","offset":3,"news":[1,"a","one","b","two","c","three"]}').buffer;
      queueMicrotask(() => this.onload());
    }
    abort() {}
  };
  t.after(() => delete globalThis.XMLHttpRequest);
  t.mock.method(globalThis, "fetch", async (url, { headers }) => {
    asked.push(`GET ${headers["If-None-Match"]}`);
    return new Response('[1,"a","one"]', { headers: { "Content-Type": "application/json" } });
  });
  const conn = await find("ajax").dial(target);
  assert.equal(await next(conn), "1 one");
  assert.deepEqual(await conn.send({ id: "c", data: "three", binary: false }), { epoch: "e", offset: 3 });
  assert.equal(await next(conn), "2 two");
  assert.equal(await next(conn), "3 three");
  assert.deepEqual(asked, ['GET "e:0"', "POST http://lane.test/ajax/t?after=e:1"]);
  conn.close();
  await assert.rejects(conn.receive(), { code: "closed" });
});

test("a stream that ends is asked for again at its cursor, and its gaps and errors come in their turn", async (t) => {
  const streams = [
    [':ok\nretry:2000\n\nid:e:2\ndata:[1,"a","one","b","two"]\n\n'],
    ['event:gap\nid:e:8\ndata:{"type":"gap","epoch":"e","first":9,"last":9}\n\nid:e:9\nda', 'ta:[9,"c","nine"]\n\n'],
    ['event:error\ndata:{"type":"error","error":{"code":"unavailable","message":"m","retryable":true,"retry_after_ms":7}}\n\n'],
  ];
  const asked = [];
  t.mock.method(globalThis, "fetch", async (url) => {
    asked.push(url);
    return new Response(ReadableStream.from(streams.shift().map((s) => encoder.encode(s))));
  });
  const conn = await find("streaming-fetch").dial(target);
  assert.equal(await next(conn), "1 one");
  assert.equal(await next(conn), "2 two");
  await assert.rejects(conn.receive(), { code: "gap", missing: 6 });
  assert.equal(await next(conn), "9 nine");
  await assert.rejects(conn.receive(), { code: "unavailable", retryAfter: 7 });
  assert.deepEqual(asked.map((u) => u.split("=")[1]), ["e:0", "e:2", "e:9"]);
});

/** A browser's WebSocket whose other end is the test. */
class Socket {
  static CONNECTING = 0;
  static last;
  readyState = 0;
  sent = [];
  constructor(url) {
    this.url = url;
    Socket.last = this;
  }
  send(p) {
    this.sent.push(p);
  }
  close() {
    this.readyState = 3;
  }
  opens() {
    this.readyState = 1;
    this.onopen();
  }
  says(data) {
    this.onmessage({ data });
  }
}

async function socket(t) {
  const real = globalThis.WebSocket;
  globalThis.WebSocket = Socket;
  t.after(() => (globalThis.WebSocket = real));
  const dialled = find("websocket").dial({ ...target, after: { epoch: "e", offset: 4 } });
  await Promise.resolve(); // the registry's dial is a call away
  const ws = Socket.last;
  ws.opens();
  return { conn: await dialled, ws };
}

test("a WebSocket brings batches in both forms, gaps and acknowledgements", async (t) => {
  const { conn, ws } = await socket(t);
  assert.equal(ws.url, "ws://lane.test/websocket/t?after=e:4");
  ws.says('[5,"a","five"]');
  ws.says(Uint8Array.from([0, 6, 3, 0x62, 1, 255]).buffer);
  ws.says('{"type":"gap","epoch":"e","first":20,"last":21}');
  ws.says('[20,"c","twenty"]');
  assert.equal(await next(conn), "5 five");
  assert.equal(await next(conn), "6 255");
  await assert.rejects(conn.receive(), { code: "gap", missing: 13 });
  assert.equal(await next(conn), "20 twenty");
  const sends = [conn.send({ id: "x", data: "1", binary: false }), conn.send({ id: "y", data: "2", binary: false })];
  assert.deepEqual(ws.sent, ['["x","1"]', '["y","2"]']);
  ws.says('{"type":"error","id":"y","error":{"code":"idempotency_conflict","message":"m","retryable":false}}');
  ws.says('{"epoch":"f","ack":["x",22]}');
  assert.deepEqual(await sends[0], { epoch: "f", offset: 22 });
  await assert.rejects(sends[1], { code: "idempotency_conflict" });
});

test("what a WebSocket is closed with ends what waits", async (t) => {
  const { conn, ws } = await socket(t);
  const waiting = [conn.receive(), conn.send({ id: "x", data: "1", binary: false })];
  ws.onclose({ code: 1001, reason: "" });
  for (const w of waiting) await assert.rejects(w, { code: "draining", retryable: true });
  await assert.rejects(conn.send({ id: "y", data: "2", binary: false }), { code: "draining" });
});

test("a frame that cannot be read ends the connection", async (t) => {
  const { conn, ws } = await socket(t);
  ws.says("[5,");
  await assert.rejects(conn.receive(), { code: "malformed" });
  assert.equal(ws.readyState, 3);
});

test("a WebSocket that is hung up while it opens is closed once it is open, for browsers complain else", async (t) => {
  const real = globalThis.WebSocket;
  globalThis.WebSocket = Socket;
  t.after(() => (globalThis.WebSocket = real));
  const abort = new AbortController();
  const dialled = find("websocket").dial({ ...target, signal: abort.signal });
  abort.abort();
  await assert.rejects(dialled, { code: "closed" });
  assert.equal(Socket.last.readyState, 0);
  Socket.last.opens();
  assert.equal(Socket.last.readyState, 3);
});
