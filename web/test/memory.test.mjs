import assert from "node:assert/strict";
import { test } from "node:test";
import { Published } from "../static/js/published.js";
import { Ring, Samples, quantile } from "../static/js/ring.js";
import { place } from "../static/js/scale.js";
import { ms, bytes } from "../static/js/format.js";
import { readMessage } from "../static/js/message.js";
import { backoff } from "../static/js/backoff.js";

test("a ring holds the last that were pushed, oldest first", () => {
  const r = new Ring(3);
  assert.equal(r.at(0), undefined);
  for (const n of [1, 2, 3, 4, 5]) r.push(n);
  assert.deepEqual([...r], [3, 4, 5]);
  assert.deepEqual([r.at(-1), r.at(0), r.at(3), r.pushed], [5, 3, undefined, 5]);
  r.clear();
  assert.deepEqual([...r], []);
});

test("samples since a time are sorted, and no older one is among them", () => {
  const s = new Samples(4);
  [[1, 9], [2, 7], [3, 8], [4, 1], [5, 5]].forEach(([t, v]) => s.push(t, v));
  assert.deepEqual([...s.since(0)], [1, 5, 7, 8], "the ring's four");
  assert.deepEqual([...s.since(4)], [1, 5]);
  assert.deepEqual([...s.since(6)], []);
});

test("quantiles are values that were seen", () => {
  const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual([quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1), quantile([7], 0.5)], [50, 99, 100, 7]);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test("what is published is known from whoever tells first", () => {
  const p = new Published();
  p.begin({ epoch: "e", offset: 10 });
  assert.equal(p.count, 0);
  p.note("e", 12, 100);
  assert.deepEqual([p.latest, p.count, p.at(12), p.at(11)], [12, 2, 100, NaN]);
  p.note("e", 11, 90);
  p.note("e", 12, 999);
  assert.deepEqual([p.at(11), p.at(12), p.count], [90, 100, 2]);
  assert.ok(Number.isNaN(p.at(13)));
});

test("publications of long ago are forgotten, and a new epoch begins anew", () => {
  const p = new Published();
  p.note("e", 1, 1);
  p.note("e", 5000, 2);
  p.note("e", 1, 3);
  assert.ok(Number.isNaN(p.at(1)));
  p.note("f", 2, 4);
  assert.deepEqual([p.tail, p.at(2)], [{ epoch: "f", offset: 2 }, 4]);
});

test("places on the axis rise with age from 0 to 1", () => {
  let before = -1;
  for (const age of [0, 1, 10, 100, 500, 1999, 2000]) {
    assert.ok(place(age) > before);
    before = place(age);
  }
  assert.deepEqual([place(-5), place(2000), place(1e9)], [0, 1, 1]);
});

test("numbers are written as people read them", () => {
  assert.deepEqual([0.001, 0.42, 3.14159, 128.4, 1400, 93_000, NaN].map(ms), ["< 0.01 ms", "0.42 ms", "3.1 ms", "128 ms", "1.4 s", "93 s", "–"]);
  assert.deepEqual([2.5, 312, 4200, 17_000, 1.3e6, NaN].map(bytes), ["2.5 B", "312 B", "4.2 kB", "17 kB", "1.3 MB", "–"]);
});

test("data that is no message of the publisher's is text of its own", () => {
  const at = Date.now();
  assert.equal(readMessage({ data: `{"at":${at},"n":3,"text":"<b>"}` }).text, "<b>");
  for (const data of ["hello", "[1]", "null", '{"at":"soon"}', '{"at":5}']) assert.ok(Number.isNaN(readMessage({ data }).at), data);
  assert.equal(readMessage({ data: "hello" }).text, "hello");
  assert.equal(readMessage({ data: '{"text":3}' }).text, '{"text":3}');
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setFloat64(0, at);
  assert.deepEqual(readMessage({ data: bytes, binary: true }), { at, text: "16 bytes" });
  assert.ok(Number.isNaN(readMessage({ data: new Uint8Array(3), binary: true }).at));
});

test("the pause before dialling again grows to five seconds, and heeds the server", () => {
  const most = () => 1;
  assert.deepEqual([0, 1, 2, 9, 99].map((n) => backoff(n, null, most)), [100, 200, 400, 5000, 5000]);
  assert.equal(backoff(0, { retryAfter: 1000 }, () => 0), 1000);
});
