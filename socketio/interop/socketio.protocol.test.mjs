// The behaviours of the Socket.IO protocol, version 5.
import test from "node:test";
import assert from "node:assert/strict";
import { client } from "./wire.mjs";

const c = client("/socket.io/", 4);

// joined is in the namespace "/" and has heard its auth event.
async function joined() {
  const line = await c.live();
  line.send("40");
  assert.match(await line.hear(), /^40\{"sid":"[\w-]{20}"\}$/);
  await line.expect('42["auth",{}]');
  return line;
}

for (const [namespace, auth] of [["", ""], ["", '{"token":"123"}'], ["/custom,", ""], ["/custom,", '{"token":"abc"}']]) {
  test(`40${namespace}${auth} is answered before the first event`, async () => {
    const line = await c.live();
    line.send("40" + namespace + auth);
    const answer = await line.hear();
    assert.ok(answer.startsWith("40" + namespace + "{"), answer);
    const connect = JSON.parse(answer.slice(2 + namespace.length));
    assert.deepEqual(Object.keys(connect), ["sid"]);
    assert.equal(typeof connect.sid, "string");
    await line.expect(`42${namespace}["auth",${auth || "{}"}]`);
    line.close();
  });
}

test("an unknown namespace is refused", async () => {
  const line = await c.live();
  line.send("40/random");
  await line.expect('44/random,{"message":"Invalid namespace"}');
  line.close();
});

for (const [what, packet] of [["a malformed handshake", "4abc"], ["an event before joining", '42["message"]']]) {
  test(`${what} closes`, async () => {
    const line = await c.live();
    line.send(packet);
    assert.ok((await line.closed) > 0);
  });
}

test("a connection without a namespace is closed", async () => {
  const line = await c.live();
  while ((await line.hear()) !== undefined);
  assert.ok((await line.closed) > 0);
});

test("leaving the main namespace keeps the connection", async () => {
  const line = await joined();
  line.send("41");
  assert.equal(await line.hear({ pings: true }), "2");
  line.send("3", "40/custom");
  assert.match(await line.hear(), /^40\/custom,/);
  line.close();
});

test("leaving another namespace leaves the main one alone", async () => {
  const line = await joined();
  line.send("40/custom");
  assert.match(await line.hear(), /^40\/custom,/);
  await line.expect('42/custom,["auth",{}]');
  line.send("41/custom", '42["message","to the main namespace"]');
  await line.expect('42["message-back","to the main namespace"]');
  line.close();
});

const two = '[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';
const withName = (name) => two.replace("[", `["${name}",`);

for (const [what, sent, heard] of [
  ["an event", ['42["message",1,"2",{"3":[true]}]'], ['42["message-back",1,"2",{"3":[true]}]']],
  ["a binary event", ["452-" + withName("message"), [1, 2, 3], [4, 5, 6]], ["452-" + withName("message-back"), [1, 2, 3], [4, 5, 6]]],
  ["an acknowledged event", ['42456["message-with-ack",1,"2",{"3":[false]}]'], ['43456[1,"2",{"3":[false]}]']],
  ["an acknowledged binary event", ["452-789" + withName("message-with-ack"), [1, 2, 3], [4, 5, 6]], ["462-789" + two, [1, 2, 3], [4, 5, 6]]],
]) {
  test(`${what} is answered`, async () => {
    const line = await joined();
    line.send(...sent);
    await line.expect(...heard);
    line.close();
  });
}

for (const bad of ["4abc", "42{}", '42abc["message-with-ack",1]', '42["message"]x', "42", '450-["message"]', '4511-["message"]',
  '451-["message",{"_placeholder":true,"num":"splice"}]', '451-["message",{"_placeholder":true,"num":-1}]', '42["connect"]', '42[{"toString":"x"}]', "40"]) {
  test(`${bad} closes`, async () => {
    const line = await joined();
    line.send(bad);
    assert.ok((await line.closed) > 0);
  });
}
