import assert from "node:assert/strict";
import { test } from "node:test";
import { Judge } from "../static/js/judge.js";
import { GapError } from "../static/js/transports/errors.js";

function judge(offsets, begin = { epoch: "e", offset: 0 }) {
  const j = new Judge();
  j.begin(begin);
  for (const offset of offsets) j.take({ epoch: "e", offset, id: `i${offset}` });
  return j;
}

const counts = (j) => [j.delivered, j.lost, j.repeated, j.reordered];

test("messages in order are delivered and nothing else", () => {
  const j = judge([1, 2, 3]);
  assert.deepEqual(counts(j), [3, 0, 0, 0]);
  assert.ok(j.clean);
  assert.equal(j.first, 1);
});

test("a hole is a loss until its message comes late", () => {
  assert.deepEqual(counts(judge([1, 4])), [2, 2, 0, 0]);
  assert.deepEqual(counts(judge([1, 4, 2])), [3, 1, 0, 1]);
  assert.deepEqual(counts(judge([1, 4, 2, 3])), [4, 0, 0, 2]);
});

test("a message that comes again is repeated and not delivered", () => {
  assert.deepEqual(counts(judge([1, 2, 2, 1, 3])), [3, 0, 2, 0]);
  assert.deepEqual(counts(judge([1, 3, 2, 2])), [3, 0, 1, 1]);
});

test("what lies before the beginning is not missed", () => {
  assert.deepEqual(counts(judge([41, 42], { epoch: "e", offset: 40 })), [2, 0, 0, 0]);
  assert.deepEqual(counts(judge([7, 8], { epoch: "", offset: 0 })), [2, 0, 0, 0], "the oldest message that is held");
});

test("what a gap tells of is missing, not lost", () => {
  const j = judge([1, 2]);
  j.gap(new GapError({ epoch: "e", offset: 2 }, "e", 10, 20));
  j.take({ epoch: "e", offset: 10, id: "x" });
  assert.deepEqual([...counts(j), j.gaps, j.missing], [3, 0, 0, 0, 1, 7]);
});

test("a new epoch without a gap is a loss", () => {
  const j = judge([1, 2]);
  j.take({ epoch: "f", offset: 1, id: "x" });
  assert.deepEqual(counts(j), [3, 1, 0, 0]);
});

test("the digest is FNV-1a over the lines of what was delivered", () => {
  assert.equal(new Judge().digest, "811c9dc5");
  let hash = 0x811c9dc5;
  for (const c of Buffer.from("1 i1\n2 i2\n")) hash = Math.imul(hash ^ c, 0x01000193) >>> 0;
  assert.equal(judge([1, 2, 2]).digest, hash.toString(16).padStart(8, "0"));
  assert.notEqual(judge([2, 1]).digest, judge([1, 2]).digest);
});

test("a judge that saw a huge hole remembers only so much of it", () => {
  const j = judge([1, 1_000_000]);
  assert.equal(j.lost, 999_998);
  j.take({ epoch: "e", offset: 3, id: "x" });
  assert.deepEqual([j.lost, j.reordered], [999_997, 1]);
});
