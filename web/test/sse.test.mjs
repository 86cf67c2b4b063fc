import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SSEParser } from "../static/js/transports/sse.js";

// The vectors of the Go codec: a stream and what every reader must make of it.
const vectors = JSON.parse(readFileSync(new URL("../../transports/internal/sse/testdata/sse.json", import.meta.url)));

function read(pieces) {
  const events = [];
  const parser = new SSEParser((e) => events.push(e));
  for (const p of pieces) parser.push(p);
  return { events, parser };
}

function check(v, how, { events, parser }) {
  assert.deepEqual(events, v.events, `${v.name}, ${how}`);
  assert.equal(parser.retry, v.retry, `${v.name}, ${how}: retry`);
  if (v.last_event_id_after_eof !== null) assert.equal(parser.lastEventID, v.last_event_id_after_eof, `${v.name}, ${how}: last event ID`);
}

test("there are as many vectors as the Go codec has", () => assert.equal(vectors.length, 51));

for (const v of vectors) {
  test(`SSE vector ${v.name}: whole, byte by byte, at every split`, () => {
    const bytes = new Uint8Array(Buffer.from(v.hex, "hex"));
    check(v, "whole", read([bytes]));
    check(v, "byte by byte", read([...bytes].map((_, i) => bytes.subarray(i, i + 1))));
    for (let i = 0; i <= bytes.length; i++) check(v, `split at ${i}`, read([bytes.subarray(0, i), bytes.subarray(i)]));
  });
}

test("an event larger than the limit is refused, in one line or in many", () => {
  for (const stream of ["data:" + "x".repeat(2000), ("data:" + "x".repeat(90) + "\n").repeat(20)]) {
    const parser = new SSEParser(() => assert.fail("an event arrived"), 1000);
    assert.throws(() => parser.push(new TextEncoder().encode(stream)), RangeError);
  }
});
