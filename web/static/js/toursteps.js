// The tour's steps, in the order of the story. A step has title and text (paragraphs); lanes, rate and
// view set the page up; live is a sentence with the figure that matters; actions are things to try; at
// is what to bring into sight. An action is a label, what it does, and when there is such a thing.

import { changeNode, cut } from "./api.js";
import { bytes, count, ms, percent, rate } from "./format.js";
import { quantile } from "./ring.js";
import { xhr } from "./transports/ajax.js";
import { arms } from "./transports/transports.js";

const first = ({ app }, arm) => app.lanes.find((lane) => lane.transport.arm === arm);
const figures = (page, arm) => page.measurements.latest?.lanes.get(first(page, arm)?.id);

const buffers = ({ config }) => "buffer" in (config.lanes[0].fault ?? {});

export const steps = [
  {
    title: "One stream, six ways",
    text: [
      "A server publishes five messages a second. Six clients in this page receive the same messages, each over a transport of its own.",
      "A dot starts at the left when its message is published and lands where it arrived. Polling's dots land anywhere within the interval; those of the others land at once.",
    ],
    lanes: arms.map((t) => t.name),
    rate: 5,
    live: (page) => {
      const [a, b] = ["polling", "websocket"].map((arm) => first(page, arm)?.p50);
      return Number.isFinite(a) && Number.isFinite(b) ? `Right now, half of the messages take less than ${ms(a)} over polling and ${ms(b)} over WebSocket.` : "The first messages are on their way.";
    },
  },
  {
    title: "Polling asks regardless",
    text: ["One message every two seconds now; but polling asks four times a second, news or not. In the list below, most answers are 204: no new messages.", "Each of them still carries a request's and an answer's headers."],
    lanes: ["polling"],
    rate: 0.5,
    view: "wire",
    live: (page) => {
      const f = figures(page, "polling");
      return f?.requests > 0 ? `${rate(f.requests)} requests a second for ${rate(f.messages)} messages a second: ${percent(f.empty)} of the answers are empty.` : "";
    },
  },
  {
    title: "Long polling waits for the answer",
    text: ["The same question, but the server holds it until there is news, or ten seconds have passed. The message comes at once, and nobody asks in vain.", "What remains is a request for every answer. The bar's pale part in the list is the waiting."],
    lanes: ["polling", "longpoll"],
    rate: 0.5,
    view: "wire",
    live: (page) => {
      const [a, b] = [figures(page, "polling"), figures(page, "longpoll")];
      return a?.requests && b?.requests ? `Requests a second: polling ${rate(a.requests)}, long polling ${rate(b.requests)}.` : "";
    },
  },
  {
    title: "AJAX takes only a part",
    text: ["AJAX asks “what has changed since my ETag?”. The answer is 304 with nothing in it, or the changed part alone, so that a page updates in place without being loaded anew.", "Try it: the same messages as a part, and as a whole page."],
    lanes: ["ajax"],
    rate: 2,
    view: "wire",
    actions: [["Fetch the part, then the page", partAndPage]],
  },
  {
    title: "Streaming holds on",
    text: ["One answer that never ends: the server writes each message into it as it comes. The headers are paid once, not for every message; “file size and delay” are those of the first moment.", "Compare it with long polling at twenty messages a second."],
    lanes: ["longpoll", "streaming"],
    rate: 20,
    view: "wire",
    live: (page) => {
      const [a, b] = [figures(page, "longpoll"), figures(page, "streaming")];
      return a?.perMessage && b?.perMessage ? `Bytes per message: long polling ${bytes(a.perMessage)}, streaming ${bytes(b.perMessage)}.` : "";
    },
    actions: [
      ["Put a buffering proxy before both", ({ app, fault }) => Promise.all(app.lanes.map((lane) => fault(lane, { buffer: true }))).then(() => "It holds answers back until they are complete: long polling's soon are, the stream's never is."), buffers],
      ["Take it away", ({ app, fault }) => Promise.all(app.lanes.map((lane) => fault(lane, { buffer: false }))).then(() => "Answers pass as they come."), buffers],
    ],
  },
  {
    title: "WebSocket goes both ways",
    text: ["One connection, frames of two to fourteen bytes of their own, either side whenever it likes. The others need a request of their own to say something.", "Try it: twenty messages sent through each lane, one after the other, and the time until each was acknowledged."],
    lanes: ["streaming", "websocket"],
    rate: 1,
    view: "wire",
    actions: [["Send 20 through each", sendBack]],
  },
  {
    title: "Socket.IO falls back",
    text: ["Some proxies refuse WebSockets. Block them on both lanes: the plain WebSocket has no way left; Socket.IO goes on over long polling.", "Lift the block, and the WebSocket catches up from its cursor: nothing is lost."],
    lanes: ["websocket", "socketio"],
    rate: 5,
    actions: [
      ["Block WebSocket", ({ app, fault }) => Promise.all(app.lanes.map((lane) => fault(lane, { blockWebSocket: true }))).then(() => "Upgrades are answered 403 on both lanes.")],
      ["Lift the block", ({ app, fault }) => Promise.all(app.lanes.map((lane) => fault(lane, { blockWebSocket: false }))).then(() => "WebSockets pass again.")],
    ],
    live: (page) => {
      const lane = first(page, "socketio");
      return lane?.text ? `Socket.IO: ${lane.text}.` : "";
    },
  },
  {
    title: "Everything reconnects",
    text: ["Cut the lanes' connections, or kill the server they are on: each client comes back, at the other server if need be, and names its cursor. What it missed is replayed.", "“Lost” stays 0 and “order” ✓: the cursor is the client's, and any server can go on from it. The line under each lane says what happened."],
    lanes: arms.map((t) => t.name),
    rate: 20,
    actions: [
      ["Cut every lane", ({ app }) => Promise.all(app.lanes.map((lane) => cut(lane.id))).then(() => "Every connection was cut.")],
      ["Kill the server", killServer],
      ["Start it again", startServers],
    ],
    live: ({ app }) => {
      const sum = (key) => app.lanes.reduce((n, lane) => n + lane.judge[key], 0);
      return `Delivered ${count(sum("delivered"))}, lost ${count(sum("lost"))}, repeated ${count(sum("repeated"))}.`;
    },
  },
  {
    title: "Switch under way",
    text: ["A lane's transport can change while the stream runs. The new client begins at the old one's cursor, so nothing is lost or repeated.", "Try it, or choose another transport from a lane's own menu."],
    lanes: ["polling", "websocket"],
    rate: 50,
    actions: [
      [
        "Switch both lanes",
        ({ app }) => {
          for (const lane of app.lanes) {
            const i = arms.findIndex((t) => t.arm === lane.transport.arm);
            lane.switchTo(arms[(i + 1) % arms.length].name);
          }
          return "Each lane went on to the next transport, at its cursor.";
        },
      ],
    ],
    live: ({ app }) => app.lanes.map((l) => `Lane ${l.id}: ${count(l.judge.delivered)} delivered, ${l.judge.lost} lost, ${l.judge.repeated} repeated.`).join(" "),
  },
  {
    title: "Rooms",
    text: ["A room is a topic: who joins it hears what is said there, and nobody else does. Each tab chooses its own transport; they all meet in the same log.", "Open another tab with a link in the chat, and talk to yourself over two transports."],
    rate: 0,
    view: "chat",
    at: "#panel-chat",
  },
  {
    title: "Namespaces",
    text: [
      "Socket.IO can split one connection into namespaces: separate conversations, each with its own handlers, credentials and rooms, without a second handshake.",
      "On the wire a packet of another namespace begins with its name, 2/chat,[\"said\",…], and that is all the price. A lane of this page uses the default one, /.",
    ],
    lanes: ["socketio"],
    rate: 1,
    view: "chat",
    at: ".namespaces",
  },
  {
    title: "What it costs",
    text: ["The same messages over all six, twenty a second. Look at the bytes per message: the payload is the same, the headers are not. Look at requests, and at the servers' CPU.", "For figures to publish, Run measures on schedule, without this page's own work beside it."],
    lanes: arms.map((t) => t.name),
    rate: 20,
    view: "measure",
    at: "#panel-measure",
  },
];

/** Fetches a topic's last messages as a fragment and as a whole page, and tells what each weighs. */
async function partAndPage(page) {
  const lane = first(page, "ajax");
  if (!lane) return "The AJAX lane is gone; go back a step and forth again.";
  const { epoch, offset } = lane.cursor;
  const url = `${lane.target.url}/ajax/${lane.target.topic}`;
  const back = { "If-None-Match": `"${epoch}:${Math.max(0, offset - 1)}"` };
  const part = await xhr(url, { headers: { ...back, Accept: "text/html" } });
  const whole = await xhr(`${url}?after=`, { headers: { Accept: "text/html,application/xhtml+xml" } });
  const of = (answer) => (answer.status === 200 ? bytes(answer.bytes.length) : `status ${answer.status}`);
  return `What is new: ${of(part)}. The whole page: ${of(whole)}.`;
}

/** Sends messages through each lane in turn and tells how long each waited for its acknowledgement. */
async function sendBack({ app }) {
  const told = [];
  for (const lane of app.lanes) {
    const took = [];
    for (let i = 1; i <= 20; i++) {
      const began = performance.now();
      await lane.sendText(`${i} of 20 through ${lane.transport.title}`);
      took.push(performance.now() - began);
    }
    told.push(`${lane.transport.title}: ${ms(quantile(took.sort((a, b) => a - b), 0.5))}`);
  }
  return `Half of the acknowledgements came within: ${told.join("; ")}.`;
}

async function killServer({ nodes }) {
  const victim = nodes.state.find((n) => n.state === "up");
  if (!victim) return "No server is up: start one.";
  await changeNode(victim.name, "kill");
  return `Server ${victim.name} is dead.`;
}

async function startServers({ nodes }) {
  const down = nodes.state.filter((n) => n.state === "down");
  await Promise.all(down.map((n) => changeNode(n.name, "start")));
  return down.length ? `Server ${down.map((n) => n.name).join(" and ")} starts.` : "Both servers are up.";
}
