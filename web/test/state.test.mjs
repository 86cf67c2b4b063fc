import assert from "node:assert/strict";
import { test } from "node:test";
import { formatState, parseState } from "../static/js/state.js";
import { arms, find, transports } from "../static/js/transports/transports.js";

test("the address of the README means lanes, rate and network", () => {
  assert.deepEqual(parseState("#lanes=polling,sse,ws&rate=20&net=4g"), { lanes: ["polling", "streaming", "websocket"], rate: 20, net: "4g" });
});

test("what an address says wrongly it does not say", () => {
  assert.deepEqual(parseState("#rate=-1&size=2&view=none&net=%3Cb%3E&room=a b&tour=0&chat=telegram"), { view: "chat" });
  assert.deepEqual(parseState("#lanes=carrier-pigeon,ws"), { lanes: ["websocket"] });
  assert.deepEqual(parseState("#rate=1e9&size=99999"), {});
  assert.deepEqual(parseState(""), {});
});

test("no lanes and too many lanes are both an answer", () => {
  assert.deepEqual(parseState("#lanes=").lanes, []);
  assert.equal(parseState(`#lanes=${Array(50).fill("ws")}`).lanes.length, 6);
});

test("what was formatted is parsed as it was", () => {
  const states = [
    { lanes: ["polling", "socketio-upgrade"], rate: 0.5, size: 1024, net: "4g", view: "measure" },
    { lanes: [], rate: 0, view: "chat", room: "kitchen", chat: "socketio" },
    { lanes: ["streaming-ndjson"], binary: true, tour: 3 },
  ];
  for (const state of states) assert.deepEqual(parseState(formatState(state)), state);
});

test("the six lanes that are there anyway are left out", () => {
  assert.equal(formatState({ lanes: arms.map((t) => t.name), rate: 5 }), "#rate=5");
  assert.equal(formatState({ lanes: arms.map((t) => t.name) }), "");
});

test("there are six arms, and every name and alias finds one transport alone", () => {
  assert.deepEqual(arms.map((t) => t.name), ["polling", "ajax", "longpoll", "streaming", "websocket", "socketio"]);
  const names = transports.flatMap((t) => [t.name, ...t.aliases]);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.ok(find(name));
});
