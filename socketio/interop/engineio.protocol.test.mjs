// The behaviours of the Engine.IO protocol, version 4, against a server that echoes.
import test from "node:test";
import assert from "node:assert/strict";
import { client, pingInterval, pingTimeout, silence, sleep } from "./wire.mjs";

const c = client(process.env.ENGINE_PATH, 4);
const keys = ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"];

function checkOpen(text, upgrades) {
  assert.equal(text[0], "0");
  const open = JSON.parse(text.slice(1));
  assert.deepEqual(Object.keys(open).sort(), [...keys].sort());
  assert.equal(typeof open.sid, "string");
  assert.deepEqual([open.upgrades, open.pingInterval, open.pingTimeout, open.maxPayload], [upgrades, pingInterval, pingTimeout, 1000000]);
}

test("polling: a session opens", async () => {
  const r = await c.http("?EIO=4&transport=polling");
  assert.equal(r.status, 200);
  checkOpen(await r.text(), ["websocket"]);
});

for (const [what, query] of [["EIO is missing", "?transport=polling"], ["EIO is no number", "?EIO=abc&transport=polling"],
  ["transport is missing", "?EIO=4"], ["transport is unknown", "?EIO=4&transport=abc"]]) {
  test(`polling: no session when ${what}`, async () => assert.equal((await c.http(query)).status, 400));
  test(`websocket: no session when ${what}`, async () => {
    const line = c.dial(query.replace("polling", "websocket"));
    assert.ok((await line.closed) > 0);
  });
}

for (const method of ["POST", "PUT"]) {
  test(`polling: no session by ${method}`, async () => assert.equal((await c.http("?EIO=4&transport=polling", { method })).status, 400));
}

test("websocket: a session opens", async () => {
  const line = c.dial();
  checkOpen(await line.hear(), []);
  line.close();
});

for (const payload of ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="]) {
  test(`polling: ${JSON.stringify(payload)} comes back`, async () => {
    const sid = await c.poll();
    assert.deepEqual(await c.post(sid, payload), { status: 200, text: "ok" });
    assert.deepEqual(await c.get(sid), { status: 200, text: payload });
  });
}

test("polling: a malformed payload ends the session", async () => {
  const sid = await c.poll();
  assert.equal((await c.post(sid, "abc")).status, 400);
  assert.equal((await c.get(sid)).status, 400);
});

test("polling: a second poll at the same time ends the session", async () => {
  const sid = await c.poll();
  const [first, second] = await Promise.all([c.get(sid), sleep(5).then(() => c.get(sid))]);
  assert.deepEqual(first, { status: 200, text: "1" });
  assert.equal(second.status, 400);
  assert.equal((await c.get(sid)).status, 400);
});

test("websocket: text and binary come back", async () => {
  const line = await c.live();
  line.send("4hello", [1, 2, 3, 4]);
  await line.expect("4hello", [1, 2, 3, 4]);
  line.close();
});

test("websocket: a malformed packet closes", async () => {
  const line = await c.live();
  line.send("abc");
  assert.ok((await line.closed) > 0);
});

test("polling: the server pings", async () => {
  const sid = await c.poll();
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await c.get(sid), { status: 200, text: "2" });
    assert.equal((await c.post(sid, "3")).status, 200);
  }
});

test("polling: a client without pong is gone", async () => {
  const sid = await c.poll();
  await sleep(silence);
  assert.equal((await c.get(sid)).status, 400);
});

test("websocket: the server pings", async () => {
  const line = await c.live();
  for (let i = 0; i < 3; i++) {
    assert.equal(await line.hear({ pings: true }), "2");
    line.send("3");
  }
  line.close();
});

test("websocket: a client without pong is gone", async () => {
  const line = await c.live();
  assert.ok((await line.closed) > 0);
});

test("polling: a close packet ends the session and releases the poll", async () => {
  const sid = await c.poll();
  const [poll] = await Promise.all([c.get(sid), c.post(sid, "1")]);
  assert.deepEqual(poll, { status: 200, text: "6" });
  assert.equal((await c.get(sid)).status, 400);
});

test("websocket: a close packet ends the session", async () => {
  const line = await c.live();
  line.send("1");
  assert.ok((await line.closed) > 0);
});

test("a session moves to a websocket", async () => {
  const sid = await c.poll();
  const line = c.upgrade(sid);
  await line.opened;
  line.send("2probe");
  await line.expect("3probe");
  assert.deepEqual(await c.get(sid), { status: 200, text: "6" });
  line.send("5", "4hello");
  await line.expect("4hello");
  line.close();
});

// upgraded sends both packets at once, so that the next request may overtake the second.
async function upgraded(sid) {
  const line = c.upgrade(sid);
  await line.opened;
  line.send("2probe", "5");
  return line;
}

test("a moved session refuses polls", async () => {
  const sid = await c.poll();
  const line = await upgraded(sid);
  assert.equal((await c.get(sid)).status, 400);
  line.send("4hello");
  await line.expect("3probe", "4hello");
  line.close();
});

test("a moved session refuses a second websocket", async () => {
  const sid = await c.poll();
  const line = await upgraded(sid);
  assert.ok((await c.upgrade(sid).closed) > 0);
  line.send("4hello");
  await line.expect("3probe", "4hello");
  line.close();
});
