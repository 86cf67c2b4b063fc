import test from "node:test";
import assert from "node:assert/strict";
import { io } from "socket.io-client";

const url = process.env.SERVER;
const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

test("a client that comes back gets its socket, its rooms and what it missed", async () => {
  const a = io(url, { forceNew: true, reconnectionDelay: 300, transports: ["websocket"] });
  const b = io(url, { forceNew: true });
  const heard = [];
  a.on("shouted", (x) => heard.push(x.Text));
  await Promise.all([once(a, "connect"), once(b, "connect")]);
  await a.emitWithAck("join", "r");
  await b.emitWithAck("shout", { Room: "r", Text: "before", Data: Buffer.from([1]) });
  const id = a.id;
  assert.equal(a.recovered, false);
  await new Promise((resolve) => setTimeout(resolve, 50));
  a.io.engine.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await b.emitWithAck("shout", { Room: "r", Text: "missed", Data: Buffer.from([2]) });
  await b.emitWithAck("shout", { Room: "other", Text: "not mine", Data: Buffer.from([3]) });
  await once(a, "connect");
  assert.equal(a.recovered, true);
  assert.equal(a.id, id);
  await b.emitWithAck("shout", { Room: "r", Text: "after", Data: Buffer.from([4]) });
  await a.emitWithAck("add", [1, 1]);
  assert.deepEqual(heard, ["before", "missed", "after"]);
  a.disconnect();
  b.disconnect();
});
