// Warnings that teach: what the page sees happen, and why it does.

import { byID, h, icon, iconButton } from "./dom.js";
import { percent, rate } from "./format.js";

const hold = 4; // looks, four a second, for which something must be so before it is said

const rules = [
  {
    key: "fallback",
    when: ({ app }) => app.lanes.find((l) => l.text.includes("fell back")),
    say: (lane) => [`Lane ${lane.id} fell back`, "The WebSocket did not open, so Socket.IO went on over HTTP long polling: every message has a request's headers again. Proxies that refuse upgrades do this to a plain WebSocket for good."],
  },
  {
    key: "blocked",
    when: ({ app }) => app.lanes.find((l) => l.transport.arm === "websocket" && l.status === "waiting" && app.views.get(l.id)?.breakPanel.fault.blockWebSocket),
    say: (lane) => [`Lane ${lane.id} has no way`, "A WebSocket that a proxy refuses has nothing to fall back to. It dials again at its cursor, in vain, until the block is lifted; then it catches up."],
  },
  {
    key: "empty",
    when: ({ app, measurements }) => app.lanes.find((l) => l.transport.name === "polling" && asksInVain(measurements.latest?.lanes.get(l.id))),
    say: (lane, { measurements }) => {
      const f = measurements.latest.lanes.get(lane.id);
      return ["Polling asks whether or not there is news", `${rate(f.requests)} requests a second bring ${rate(f.messages)} messages a second: ${percent(f.empty)} of the answers are empty, and cost their headers all the same.`];
    },
  },
  {
    key: "stalled",
    when: ({ app, now }) => app.lanes.find((l) => l.status === "open" && app.views.get(l.id)?.breakPanel.fault.stall && now - l.lastAt > 3000),
    say: (lane) => [`Lane ${lane.id} is stalled, and nobody told it`, "A connection over which nothing comes looks like one on which nothing happens. Only a heartbeat's absence, or a timeout, tells them apart; until then the state says live."],
  },
  {
    key: "retry",
    when: ({ app }) => app.lanes.find((l) => l.transport.mode === "eventsource" && l.status === "reconnecting"),
    say: (lane) => [`Lane ${lane.id}: EventSource connects again by itself`, "It waits as long as the stream's retry field said, 2 to 5 seconds here, so that a server's clients do not all come back at once; then it names its cursor in Last-Event-ID."],
  },
  {
    key: "narrow",
    when: ({ app }) => app.lanes.find((l) => app.views.get(l.id)?.breakPanel.fault.rateKbit > 0 && Number(app.views.get(l.id).element.dataset.behind) > 50),
    say: (lane) => [`Lane ${lane.id} falls behind its bandwidth`, "The messages and what carries them need more than the network gives. What waits is read later in larger batches: headers are shared by more messages, so a lane may yet hold."],
  },
  {
    key: "buffer",
    when: ({ app }) => app.lanes.find((l) => app.views.get(l.id)?.breakPanel.fault.buffer),
    say: (lane) => [`Lane ${lane.id} is behind a buffering proxy`, "It holds an answer back until it is complete. A stream never is: its messages wait for ever, while long polling, whose answers end, only gets slower."],
  },
  {
    key: "tabs",
    when: ({ tabs }) => tabs.heard.size >= 5 && { count: tabs.heard.size + 1 },
    say: ({ count }) => [`${count} tabs of this page are open`, "Over HTTP/1.1 a browser keeps at most six connections to one host and port, shared by all its tabs. Each tab holds one for this server's events, and one on every lane that streams or polls long: the seventh waits, for ever."],
  },
  {
    key: "shared",
    when: ({ tabs, app }) => app.lanes.length > 0 && [...tabs.heard.values()].some((tab) => tab.lanes > 0),
    say: () => ["Another tab has lanes too", "A lane's port is shared by all tabs: bytes, requests and what passes on the wire are of all of them together, and a fault breaks them all. Latencies and counts are this tab's own."],
  },
  {
    key: "background",
    when: ({ away }) => away.for > 2000 && performance.now() - away.back < 20_000 && away,
    say: (away) => [`This tab was in the background for ${Math.round(away.for / 1000)} s`, "Browsers wake a hidden tab's timers once a second, after five minutes once a minute: polling and AJAX got slower by that, streams and sockets did not. The latencies of that time are left out."],
  },
];

const asksInVain = (f) => f && f.requests > 1 && f.empty > 0.5;

export function startHints(page) {
  const place = byID("hints");
  const shown = new Map();
  const dismissed = new Set();
  const lasted = new Map();
  const state = { ...page, tabs: otherTabs(page.app), away: whileHidden() };
  page.app.on("refresh", (now) => {
    state.now = now;
    for (const rule of rules) {
      const found = !dismissed.has(rule.key) && rule.when(state);
      lasted.set(rule.key, found ? (lasted.get(rule.key) ?? 0) + 1 : 0);
      if (found && lasted.get(rule.key) >= hold) show(rule, found);
      else if (!found) hide(rule.key);
    }
  });

  function show(rule, found) {
    const [title, text] = rule.say(found, state);
    if (shown.has(rule.key)) return shown.get(rule.key).update(title, text);
    const strong = h("strong", {}, title);
    const body = h("span", {}, text);
    const element = h("div", { class: "hint", "data-hint": rule.key }, icon("bulb"), h("p", {}, strong, body), iconButton("close", `Dismiss: ${title}`, () => (dismissed.add(rule.key), hide(rule.key))));
    const update = (newTitle, newText) => {
      if (strong.textContent !== newTitle) strong.textContent = newTitle;
      if (rule.key !== "empty" && body.textContent !== newText) body.textContent = newText; // a figure that changes is not spoken anew
    };
    shown.set(rule.key, { element, update });
    place.append(element);
  }

  function hide(key) {
    shown.get(key)?.element.remove();
    shown.delete(key);
  }
}

/** The other open tabs of this page, which greet each other. */
function otherTabs(app) {
  const channel = new BroadcastChannel("transportlab");
  const me = Math.random();
  const heard = new Map();
  channel.onmessage = ({ data }) => (data.bye ? heard.delete(data.me) : heard.set(data.me, { at: performance.now(), lanes: data.lanes }));
  setInterval(() => {
    channel.postMessage({ me, lanes: app.lanes.length });
    for (const [id, { at }] of heard) if (performance.now() - at > 150_000) heard.delete(id); // hidden tabs speak once a minute
  }, 2000);
  addEventListener("pagehide", () => channel.postMessage({ me, bye: true }));
  return { heard };
}

/** How long the page was hidden last, and when it came back. */
function whileHidden() {
  const away = { for: 0, back: -Infinity };
  let since = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) since = performance.now();
    else Object.assign(away, { for: performance.now() - since, back: performance.now() });
  });
  return away;
}
