import test from "node:test";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { io } from "socket.io-client";

const parser = createRequire(import.meta.url)("socket.io-msgpack-parser");
const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

for (const transports of [["polling"], ["websocket"]]) {
  test(`${transports}: events, acknowledgements and refusals in msgpack`, async () => {
    const s = io(process.env.SERVER, { forceNew: true, reconnection: false, transports, parser, auth: { token: 1 } });
    assert.deepEqual(await once(s, "auth"), [{ token: 1 }]);
    const args = [1, -1, 2 ** 40, 1.5, "2", { 3: [false] }, Buffer.from([1, 2, 3]), null, "é"];
    const back = once(s, "message-back");
    s.emit("message", ...args);
    assert.deepEqual(await back, args);
    assert.deepEqual(await s.emitWithAck("message-with-ack", Buffer.from("x")), Buffer.from("x"));
    const other = s.io.socket("/random");
    other.connect();
    assert.equal((await once(other, "connect_error"))[0].message, "Invalid namespace");
    s.disconnect();
  });
}
