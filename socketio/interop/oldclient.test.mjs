// The official client of Socket.IO 2, which speaks version 3 of Engine.IO.
import test from "node:test";
import assert from "node:assert/strict";
import io from "socket.io-client-2";

const url = process.env.SERVER;
const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
const ask = (socket, ...args) => new Promise((resolve) => socket.emit(...args, (...answer) => resolve(answer)));

async function withClient(path, options, f) {
  const socket = io(url + path, { forceNew: true, reconnection: false, ...options });
  try {
    return await f(socket);
  } finally {
    socket.close();
  }
}

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  const name = transports.join("+");

  test(`${name}: is in the main namespace without asking`, () =>
    withClient("/", { transports }, async (s) => {
      const auth = once(s, "auth");
      await once(s, "connect");
      assert.deepEqual(await auth, [{}]);
      assert.match(s.id, /^[\w-]{20}$/);
      assert.deepEqual(await ask(s, "join", "r"), [[s.id, "r"]]);
    }));

  test(`${name}: echoes plain and binary arguments`, () =>
    withClient("/", { transports }, async (s) => {
      const args = [1, "2", { 3: [false] }, Buffer.from([1, 2, 0xff]), { deep: [Buffer.from("x")] }, null, "é\u2028\ud83d\ude00ばか"];
      const back = once(s, "message-back");
      s.emit("message", ...args);
      assert.deepEqual(await back, args);
      assert.deepEqual(await ask(s, "message-with-ack", 1, Buffer.from([4, 5])), [1, Buffer.from([4, 5])]);
    }));

  test(`${name}: keeps the order of many events`, () =>
    withClient("/", { transports }, async (s) => {
      const seen = [];
      const done = new Promise((resolve) => s.on("message-back", (i) => seen.push(i) === 1000 && resolve()));
      for (let i = 0; i < 1000; i++) s.emit("message", i);
      await done;
      assert.deepEqual(seen, [...seen.keys()]);
    }));

  test(`${name}: survives several of its heartbeats`, () =>
    withClient("/", { transports }, async (s) => {
      await once(s, "connect");
      for (let i = 0; i < 3; i++) await once(s, "pong");
      assert.deepEqual(await ask(s, "add", [1, 1]), [2]);
    }));

  test(`${name}: answers a server that waits for it`, () =>
    withClient("/", { transports }, async (s) => {
      s.on("question", (text, ack) => ack(text + "!"));
      assert.deepEqual(await ask(s, "ask", "why"), ["why!"]);
    }));
}

test("moves from polling to a websocket", () =>
  withClient("/", {}, async (s) => {
    await new Promise((resolve) => s.io.engine.on("upgrade", resolve));
    assert.deepEqual(await ask(s, "add", [2, 2]), [4]);
  }));

test("base64 on a websocket", () =>
  withClient("/", { transports: ["websocket"], forceBase64: true }, async (s) =>
    assert.deepEqual(await ask(s, "message-with-ack", Buffer.from([1, 2])), [Buffer.from([1, 2])])));

test("namespaces: the query is what credentials were", () =>
  withClient("/custom", { query: { token: "a&b", x: "1" } }, async (s) => {
    assert.deepEqual(await once(s, "auth"), [{ token: "a&b", x: "1" }]);
    assert.equal(s.id, "/custom#" + s.io.engine.id);
    assert.deepEqual((await ask(s, "join", "r"))[0][0], s.id);
  }));

test("namespaces: unknown and guarded", async () => {
  await withClient("/random", {}, async (s) => assert.deepEqual(await once(s, "error"), ["Invalid namespace"]));
  await withClient("/guarded", {}, async (s) => assert.deepEqual(await once(s, "error"), [{ code: 401 }]));
  await withClient("/guarded", { query: { token: "secret" } }, async (s) => assert.deepEqual(await once(s, "early"), ["bird"]));
});

test("old and new clients share rooms", async () => {
  const { io: connect } = await import("socket.io-client");
  const fresh = connect(url, { forceNew: true });
  try {
    await withClient("/", {}, async (old) => {
      await Promise.all([ask(old, "join", "shared"), fresh.emitWithAck("join", "shared")]);
      const heard = once(old, "shouted");
      await fresh.emitWithAck("shout", { Room: "shared", Text: "hi", Data: Buffer.from([9]) });
      assert.deepEqual(await heard, [{ Room: "shared", Text: "hi", Data: Buffer.from([9]) }]);
      const back = new Promise((resolve) => fresh.once("shouted", resolve));
      await ask(old, "shout", { Room: "shared", Text: "ho", Data: Buffer.from([8]) });
      assert.deepEqual(await back, { Room: "shared", Text: "ho", Data: Buffer.from([8]) });
    });
  } finally {
    fresh.disconnect();
  }
});

for (const [event, arg, reason] of [["kick", false, "io server disconnect"], ["kick", true, "io server disconnect"], ["drop", "", "transport close"]]) {
  test(`${event} ${arg}: the client hears ${reason}`, () =>
    withClient("/", { transports: ["websocket"] }, async (s) => {
      const gone = once(s, "disconnect");
      s.emit(event, arg);
      assert.equal((await gone)[0], reason);
    }));
}
