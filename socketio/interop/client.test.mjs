import test from "node:test";
import assert from "node:assert/strict";
import { io } from "socket.io-client";

const url = process.env.SERVER;
const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

// connect opens a client of its own and closes it after f.
async function withClient(path, options, f) {
  const socket = io(url + path, { forceNew: true, reconnection: false, ...options });
  try {
    return await f(socket);
  } finally {
    socket.disconnect();
  }
}

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  const name = transports.join("+");

  test(`${name}: connects and gets its auth back`, () =>
    withClient("/", { transports, auth: { token: "abc" } }, async (socket) => {
      const auth = once(socket, "auth");
      await once(socket, "connect");
      assert.match(socket.id, /^[\w-]{20}$/);
      assert.deepEqual(await auth, [{ token: "abc" }]);
    }));

  test(`${name}: empty auth is an empty object`, () =>
    withClient("/", { transports }, async (socket) => assert.deepEqual(await once(socket, "auth"), [{}])));

  test(`${name}: echoes plain and binary arguments`, () =>
    withClient("/", { transports }, async (socket) => {
      const back = once(socket, "message-back");
      const args = [1, "2", { 3: [false] }, Buffer.from([1, 2, 3]), { deep: [Buffer.from("x")] }, null, "é\u2028\ud83d\ude00"];
      socket.emit("message", ...args);
      assert.deepEqual(await back, args);
    }));

  test(`${name}: acknowledges plain and binary arguments`, () =>
    withClient("/", { transports }, async (socket) => {
      const answer = await new Promise((resolve) =>
        socket.emit("message-with-ack", 1, Buffer.from([4, 5]), (...args) => resolve(args)));
      assert.deepEqual(answer, [1, Buffer.from([4, 5])]);
      assert.equal(await socket.emitWithAck("add", [2, 3]), 5);
      assert.deepEqual(await socket.emitWithAck("fail", ""), { error: { message: "no such thing", data: 7 } });
      assert.deepEqual(await socket.emitWithAck("add", "not a pair"), { error: { message: "invalid argument" } });
    }));

  test(`${name}: a handler may wait for an acknowledgement of its own client`, () =>
    withClient("/", { transports }, async (socket) => {
      socket.on("question", (text, ack) => ack(text + "!"));
      assert.equal(await socket.emitWithAck("ask", "why"), "why!");
    }));

  test(`${name}: a panic in a handler leaves the connection alone`, () =>
    withClient("/", { transports }, async (socket) => {
      socket.emit("panic", "");
      assert.equal(await socket.emitWithAck("add", [1, 1]), 2);
    }));

  test(`${name}: keeps the order of many events`, () =>
    withClient("/", { transports }, async (socket) => {
      const seen = [];
      const done = new Promise((resolve) => socket.on("message-back", (i) => seen.push(i) === 2000 && resolve()));
      for (let i = 0; i < 2000; i++) socket.emit("message", i);
      await done;
      assert.deepEqual(seen, [...seen.keys()]);
    }));

  test(`${name}: large messages go both ways`, () =>
    withClient("/", { transports }, async (socket) => {
      const big = Buffer.alloc(300_000, 7);
      const back = once(socket, "message-back");
      socket.emit("message", big, "x".repeat(300_000));
      const [a, b] = await back;
      assert.ok(big.equals(a) && b.length === 300_000);
    }));

  test(`${name}: survives several heartbeats`, () =>
    withClient("/", { transports }, async (socket) => {
      await once(socket, "connect");
      await new Promise((resolve) => setTimeout(resolve, 1200));
      assert.ok(socket.connected);
      assert.equal(await socket.emitWithAck("add", [1, 1]), 2);
    }));
}

test("upgrades from polling to websocket without loss", () =>
  withClient("/", { transports: ["polling", "websocket"] }, async (socket) => {
    const upgraded = new Promise((resolve) => socket.io.engine.on("upgrade", resolve));
    const seen = [];
    socket.on("message-back", (i) => seen.push(i));
    let i = 0;
    const timer = setInterval(() => socket.emit("message", i++), 1);
    assert.equal((await upgraded).name, "websocket");
    await new Promise((resolve) => setTimeout(resolve, 200));
    clearInterval(timer);
    await socket.emitWithAck("add", [1, 1]);
    assert.deepEqual(seen, [...Array(i).keys()]);
  }));

test("namespaces: custom, dynamic, unknown, guarded", async () => {
  await withClient("/custom", { auth: { a: 1 } }, async (s) => assert.deepEqual(await once(s, "auth"), [{ a: 1 }]));
  await withClient("/dynamic-7", {}, async (s) => assert.equal(await s.emitWithAck("add", [1, 1]), 2));
  await withClient("/random", {}, async (s) => assert.equal((await once(s, "connect_error"))[0].message, "Invalid namespace"));
  await withClient("/guarded", {}, async (s) => {
    const [error] = await once(s, "connect_error");
    assert.equal(error.message, "not authorized");
    assert.deepEqual(error.data, { code: 401 });
  });
  await withClient("/guarded", { auth: { token: "secret" } }, async (s) => assert.deepEqual(await once(s, "early"), ["bird"]));
});

test("one connection carries several namespaces", async () => {
  const manager = io(url, { forceNew: true, reconnection: false }).io;
  const [a, b] = [manager.socket("/"), manager.socket("/custom")];
  b.connect();
  assert.equal(await a.emitWithAck("add", [1, 2]), 3);
  assert.equal(await b.emitWithAck("add", [3, 4]), 7);
  a.disconnect();
  assert.equal(await b.emitWithAck("add", [5, 6]), 11);
  b.disconnect();
});

test("rooms: others in the room get it, once, with binary data", () =>
  withClient("/", {}, (a) => withClient("/", {}, (b) => withClient("/", {}, async (c) => {
    assert.deepEqual(await b.emitWithAck("join", "r"), [b.id, "r"]);
    const outside = [];
    c.on("shouted", (x) => outside.push(x));
    const heard = once(b, "shouted");
    await c.emitWithAck("add", [0, 0]);
    await a.emitWithAck("shout", { Room: "r", Text: "hi", Data: Buffer.from([9]) });
    assert.deepEqual(await heard, [{ Room: "r", Text: "hi", Data: Buffer.from([9]) }]);
    await c.emitWithAck("add", [0, 0]);
    assert.deepEqual(outside, []);
  }))));

test("broadcast with acknowledgements gathers one answer of each client", () =>
  withClient("/custom", {}, (a) => withClient("/custom", {}, async (b) => {
    a.on("opinion", (ack) => ack("a", "ignored"));
    b.on("opinion", (ack) => ack("b"));
    await b.emitWithAck("add", [0, 0]);
    await a.emitWithAck("add", [0, 0]);
    assert.deepEqual((await a.emitWithAck("survey", "")).sort(), ["a", "b"]);
  })));

test("the handshake has the official server's shape", () =>
  withClient("/", { query: { x: "1" }, auth: { y: 2 }, extraHeaders: { "X-Thing": "v" } }, async (s) => {
    const h = await s.emitWithAck("handshake", "");
    assert.deepEqual(Object.keys(h).sort(), ["address", "auth", "headers", "issued", "query", "secure", "time", "url", "xdomain"]);
    assert.equal(h.headers["x-thing"], "v");
    assert.match(h.headers.host, /^127\.0\.0\.1:\d+$/);
    assert.equal(h.address, "127.0.0.1");
    assert.equal(h.query.x, "1");
    assert.equal(h.query.EIO, "4");
    assert.deepEqual(h.auth, { y: 2 });
    assert.equal(h.secure, false);
    assert.equal(h.xdomain, false);
    assert.ok(h.url.startsWith("/socket.io/?"));
    assert.equal(Math.floor(h.issued / 1000) * 1000, new Date(h.time).getTime());
  }));

test("fetchSockets describes every socket", () =>
  withClient("/dynamic-1", {}, async (s) => {
    const list = await s.emitWithAck("who", "");
    assert.deepEqual(list.map((x) => x.id), [s.id]);
    assert.deepEqual(list[0].rooms, [s.id]);
    assert.deepEqual(list[0].data, {});
  }));

for (const [event, arg, reason] of [["kick", false, "io server disconnect"], ["kick", true, "io server disconnect"], ["drop", "", "transport close"]]) {
  test(`${event} ${arg}: the client hears ${reason}`, () =>
    withClient("/", { transports: ["websocket"] }, async (s) => {
      const gone = once(s, "disconnect");
      s.emit(event, arg);
      assert.equal((await gone)[0], reason);
    }));
}
