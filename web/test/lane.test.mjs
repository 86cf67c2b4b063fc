import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane } from "../static/js/lane.js";
import { Published } from "../static/js/published.js";
import { lines } from "../static/js/transports/streaming.js";

/** A log behind fetch that speaks polling, long polling and AJAX as the servers do, with faults. */
class Server {
  epoch = "e";
  first = 1;
  messages = [];
  requests = [];
  fail = () => false;
  waiting = new Set();

  append(n = 1) {
    for (let i = 0; i < n; i++) this.messages.push([`i${this.messages.length + 1}`, `message ${this.messages.length + 1}`]);
    for (const wake of this.waiting) wake();
  }

  get last() {
    return this.messages.length;
  }

  batch(after) {
    return [...(after.epoch === this.epoch ? [] : [this.epoch]), after.offset + 1, ...this.messages.slice(after.offset).flat()];
  }

  fetch = async (url, { method = "GET", headers = {}, body, signal } = {}) => {
    const u = new URL(url);
    const arm = u.pathname.split("/")[1];
    this.requests.push(`${method} ${arm}`);
    if (this.fail()) throw new TypeError("the network failed");
    if (method === "POST") {
      const [id, data] = JSON.parse(body);
      let at = this.messages.findIndex(([known]) => known === id);
      if (at < 0) at = this.messages.push([id, data]) - 1;
      for (const wake of this.waiting) wake();
      if (this.fail()) throw new TypeError("the answer was lost");
      return answer(200, { epoch: this.epoch, offset: at + 1 });
    }
    const text = arm === "ajax" ? headers["If-None-Match"].replaceAll('"', "") : (u.searchParams.get("after") ?? "");
    const after = { epoch: text.split(":")[0], offset: Number(text.split(":")[1] ?? 0) };
    if (after.epoch === "") after.offset = this.first - 1;
    else if (after.epoch !== this.epoch || after.offset < this.first - 1) return answer(409, { error: { code: "gap", epoch: this.epoch, first: this.first, last: this.last } });
    while (arm === "longpoll" && after.offset >= this.last) await this.#news(signal);
    if (this.fail()) throw new TypeError("the answer was lost");
    if (after.offset >= this.last) return answer(arm === "ajax" ? 304 : 204);
    return answer(200, this.batch(after));
  };

  #news(signal) {
    return new Promise((resolve, reject) => {
      const wake = () => (this.waiting.delete(wake), resolve());
      this.waiting.add(wake);
      signal?.addEventListener("abort", () => (this.waiting.delete(wake), reject(new DOMException("aborted", "AbortError"))));
    });
  }
}

function answer(status, body) {
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

/** Waits until something is so; a lane that never gets there fails the test. */
async function until(what, so) {
  const deadline = Date.now() + 20_000;
  while (!so()) {
    assert.ok(Date.now() < deadline, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function setUp(t, name) {
  const server = new Server();
  t.mock.method(globalThis, "fetch", server.fetch);
  t.mock.method(Math, "random", () => 0.001); // pauses before dialling again are short
  const published = new Published();
  const lane = new Lane({ id: 1, url: "http://lane.test", topic: "t", options: { intervalMs: 4, batch: 256 }, published }, name);
  t.after(() => lane.stop());
  return { server, lane };
}

test("a lane receives what is published behind its cursor", async (t) => {
  const { server, lane } = setUp(t, "polling");
  server.append(5);
  lane.start({ epoch: "e", offset: 3 });
  await until("two messages", () => lane.judge.delivered === 2);
  server.append(3);
  await until("five messages", () => lane.judge.delivered === 5);
  assert.ok(lane.judge.clean);
  assert.deepEqual(lane.cursor, { epoch: "e", offset: 8 });
  assert.deepEqual([...lane.log].map(([offset]) => offset), [4, 5, 6, 7, 8]);
});

test("a lane that is switched under way while its network fails loses and repeats nothing", async (t) => {
  const { server, lane } = setUp(t, "polling");
  let n = 0;
  server.fail = () => ++n % 7 === 0;
  lane.start({ epoch: "e", offset: 0 });
  const names = ["longpoll", "ajax", "polling"];
  for (let i = 0; i < 60; i++) {
    server.append(1 + (i % 4));
    if (i % 3 === 0) lane.switchTo(names[(i / 3) % 3]);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await until("all of them", () => lane.judge.delivered === server.last);
  assert.deepEqual([lane.judge.lost, lane.judge.repeated, lane.judge.reordered, lane.judge.gaps], [0, 0, 0, 0]);
  assert.ok(new Set(server.requests).size === 3, "all three were spoken");
});

test("a lane that is paused asks nothing, and catches up when it goes on", async (t) => {
  const { server, lane } = setUp(t, "polling");
  lane.start({ epoch: "e", offset: 0 });
  server.append(2);
  await until("two messages", () => lane.judge.delivered === 2);
  lane.pause();
  const asked = server.requests.length;
  server.append(40);
  await new Promise((resolve) => setTimeout(resolve, 20)); // five intervals in which it could have asked
  assert.equal(server.requests.length, asked);
  assert.equal(lane.status, "paused");
  lane.resume();
  await until("all of them", () => lane.judge.delivered === 42);
  assert.ok(lane.judge.clean);
});

test("a gap is told, and the lane goes on behind it", async (t) => {
  const { server, lane } = setUp(t, "longpoll");
  server.append(20);
  server.first = 11;
  lane.start({ epoch: "e", offset: 4 });
  await until("ten messages", () => lane.judge.delivered === 10);
  assert.deepEqual([lane.judge.gaps, lane.judge.missing, lane.judge.lost], [1, 6, 0]);
});

test("a message whose answer was lost is sent again under its ID and stored once", async (t) => {
  const { server, lane } = setUp(t, "longpoll");
  lane.start({ epoch: "e", offset: 0 });
  await until("it asks", () => server.requests.length > 0);
  let posts = 0;
  server.fail = () => server.requests.at(-1).startsWith("POST") && ++posts === 2;
  const at = await lane.sendText("once");
  assert.deepEqual(at, { epoch: "e", offset: 1 });
  assert.equal(server.last, 1);
  await until("it arrives", () => lane.judge.delivered === 1);
  assert.equal(lane.last.text, "once");
});

test("an error that cannot pass ends the lane and says why", async (t) => {
  const { lane } = setUp(t, "polling");
  t.mock.method(globalThis, "fetch", async () => answer(403, { error: { code: "origin", message: "pages of this origin may not use this server", retryable: false } }));
  lane.start({ epoch: "e", offset: 0 });
  await until("it ends", () => lane.status === "failed");
  assert.match(lane.text, /origin/);
});

test("lines of JSON are read whole however they were cut", () => {
  const bytes = new TextEncoder().encode('["e",1,"a","ä"]\n\n{"type":"gap","epoch":"e","first":3,"last":9}\n[3,"b","x"]\nrest');
  for (let at = 0; at <= bytes.length; at++) {
    const seen = [];
    const take = lines((kind, line) => seen.push([kind, line.length]));
    take(bytes.subarray(0, at));
    take(bytes.subarray(at));
    assert.deepEqual(seen, [["message", 15], ["gap", 45], ["message", 11]], `cut at ${at}`);
  }
});
