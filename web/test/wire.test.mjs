import assert from "node:assert/strict";
import { test } from "node:test";
import { GapError, errorOf, errorOfAnswer, errorOfClose } from "../static/js/transports/errors.js";
import { formatCursor, newID, parseBatch, parseBinary, parseControl, parseCursor, writeUp } from "../static/js/transports/wire.js";

const text = (offset, id, data) => ({ epoch: "k3f9a2", offset, id, data, binary: false });

test("a batch that states its epoch numbers its messages densely", () => {
  assert.deepEqual(parseBatch('["k3f9a2",17,"2.1f4","hello","2.1f5","world"]'), {
    epoch: "k3f9a2",
    first: 17,
    messages: [text(17, "2.1f4", "hello"), text(18, "2.1f5", "world")],
  });
});

test("a batch without an epoch takes the reader's, and one with its own does not", () => {
  assert.equal(parseBatch('[19,"2.1f6","again"]', "k3f9a2").messages[0].epoch, "k3f9a2");
  assert.equal(parseBatch('["new",19,"2.1f6","again"]', "old").epoch, "new");
});

test("an array that somebody parsed already is a batch", () => {
  assert.deepEqual(parseBatch(["e", 1, "a", "x"]).messages, [{ epoch: "e", offset: 1, id: "a", data: "x", binary: false }]);
});

test("bytes in a text batch are base64", () => {
  const [m] = parseBatch('["e",1,"a",{"b64":"AAH/"}]').messages;
  assert.equal(m.binary, true);
  assert.deepEqual([...m.data], [0, 1, 255]);
});

test("what is no batch is malformed", () => {
  const bad = ["", "{}", "[", '["e"]', '["e",-1]', '["e",1.5,"a","x"]', '["e",1,"a"]', '["e",1,2,"x"]', '["e",1,"a",3]', "[1]",
    '["e",1,"a",{"b64":"AA","more":1}]', '["e",1,"a",{"b64":"%"}]', '["e",1,"a",null]', '["e",9007199254740992,"a","x"]'];
  for (const p of bad) assert.throws(() => parseBatch(p), { code: "malformed" }, p);
});

test("a binary batch is read as it is written", () => {
  const p = Uint8Array.from([1, 0x65, 0xac, 2, 3, 0x61, 2, 0, 255, 4, 0x62, 0x63, 2, 0xc3, 0xa4]);
  const b = parseBinary(p);
  assert.equal(b.first, 300);
  assert.deepEqual(b.messages.map((m) => [m.offset, m.id, m.binary, typeof m.data === "string" ? m.data : [...m.data]]),
    [[300, "a", true, [0, 255]], [301, "bc", false, "ä"]]);
});

test("a binary batch that is cut off, or counts beyond its end, is malformed", () => {
  const whole = [1, 0x65, 1, 3, 0x61, 2, 0, 255];
  for (let n = 0; n < whole.length; n++) {
    if (n === 3) continue; // a batch without messages
    assert.throws(() => parseBinary(Uint8Array.from(whole.slice(0, n))), { code: "malformed" }, `cut at ${n}`);
  }
  assert.throws(() => parseBinary(Uint8Array.from([1, 0x65, 1, ...Array(12).fill(255)])), { code: "malformed" });
  assert.throws(() => parseBinary(Uint8Array.from([1, 0x65, 1, 2, 0x61, 1, 255])), { code: "malformed" }, "text that is not UTF-8");
});

test("what goes up is a batch of one, as text or as bytes", () => {
  assert.equal(writeUp({ id: "i", data: 'a"b', binary: false }), '["i","a\\"b"]');
  assert.deepEqual([...writeUp({ id: "ab", data: Uint8Array.from([7, 8]), binary: true })], [5, 0x61, 0x62, 2, 7, 8]);
  const long = writeUp({ id: "x", data: new Uint8Array(300), binary: true });
  assert.deepEqual([...long.subarray(0, 4)], [3, 0x78, 0xac, 2]);
  assert.equal(long.length, 304);
});

test("cursors travel as epoch:offset", () => {
  for (const s of ["", "e:0", "k3f9a2:17", "A-_9:9007199254740991"]) assert.equal(formatCursor(parseCursor(s)), s);
  for (const s of ["e", "e:", ":1", "e:01", "e:-1", "e:1 ", "e:9007199254740992", "a b:1", "x".repeat(33) + ":1"]) {
    assert.throws(() => parseCursor(s), { code: "malformed" }, s);
  }
});

test("a gap says where to go on and how much is missing", () => {
  const after = { epoch: "e", offset: 5 };
  const trimmed = new GapError(after, "e", 9, 20);
  assert.deepEqual(trimmed.resume, { epoch: "e", offset: 8 });
  assert.equal(trimmed.missing, 3);
  const ahead = new GapError(after, "e", 1, 3);
  assert.deepEqual(ahead.resume, { epoch: "e", offset: 3 });
  assert.equal(ahead.missing, 0);
  const other = new GapError(after, "f", 1, 3);
  assert.deepEqual(other.resume, { epoch: "f", offset: 0 });
  assert.equal(other.missing, 0);
  const empty = new GapError(after, "f", 4, 3);
  assert.deepEqual(empty.resume, { epoch: "f", offset: 3 });
});

test("errors keep their code over every wire", () => {
  const e = errorOf({ code: "unavailable", message: "m", retryable: true, retry_after_ms: 1000 });
  assert.deepEqual([e.code, e.retryable, e.retryAfter], ["unavailable", true, 1000]);
  const gap = errorOfAnswer(409, '{"error":{"code":"gap","message":"m","retryable":true,"epoch":"e","first":3,"last":9}}', { epoch: "e", offset: 1 });
  assert.ok(gap instanceof GapError);
  assert.equal(gap.first, 3);
  assert.equal(errorOf({ code: "gap", epoch: "e" }, { epoch: "e", offset: 1 }).code, "malformed");
  assert.deepEqual([errorOfAnswer(502, "<html>").code, errorOfAnswer(502, "").retryable, errorOfAnswer(404, "").retryable], ["http_502", true, false]);
  assert.deepEqual([errorOfClose(1001).code, errorOfClose(4509, "idempotency_conflict").retryable, errorOfClose(4123, "").retryable], ["draining", false, true]);
  assert.equal(errorOfClose(1006).code, "network");
});

test("controls are objects", () => {
  assert.deepEqual(parseControl('{"type":"subscribed"}'), { type: "subscribed" });
  for (const p of ["", "[]", "null", "3", "{"]) assert.throws(() => parseControl(p), { code: "malformed" });
});

test("IDs are what a server takes, and never twice the same", () => {
  const ids = new Set(Array.from({ length: 1000 }, newID));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{16}$/);
});
