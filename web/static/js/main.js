// Where the page begins: it asks the server what there is, does what the address says, and keeps the
// address saying what is shown.

import { getConfig, setFault } from "./api.js";
import { App, emptyLanes } from "./app.js";
import { buildChat } from "./chat.js";
import { byID, h, icon, options, setText } from "./dom.js";
import { startHints } from "./hints.js";
import { lab } from "./lab.js";
import { run } from "./loop.js";
import { Measurements } from "./measurements.js";
import { buildMeasure } from "./measure.js";
import { Nodes } from "./nodes.js";
import { Publisher } from "./publisher.js";
import { buildRun } from "./run.js";
import { place, ticks } from "./scale.js";
import { formatState, parseState } from "./state.js";
import { Tabs } from "./tabs.js";
import { startTheme } from "./theme.js";
import { Tour } from "./tour.js";
import { arms } from "./transports/transports.js";
import { WireLog } from "./wirelog.js";
import { buildWire } from "./wireview.js";

startTheme();
start().catch((e) => {
  const banner = byID("problem");
  banner.textContent = `The page could not begin: ${e.message}. Is the demo still running?`;
  banner.hidden = false;
});

async function start() {
  const config = await getConfig();
  const wanted = parseState(location.hash);
  const app = new App(config);
  const publisher = new Publisher(app);
  const nodes = new Nodes(app);
  const wire = new WireLog(app);
  const measurements = new Measurements(app, nodes);
  const page = { app, config, publisher, nodes, wire, measurements, state: { net: wanted.net, room: wanted.room, chat: wanted.chat } };
  page.tabs = new Tabs(
    {
      wire: (panel) => buildWire(panel, page),
      measure: (panel) => buildMeasure(panel, page),
      chat: (panel) => buildChat(panel, page),
      run: (panel) => buildRun(panel, page),
    },
    () => remember(page),
  );
  page.tour = new Tour(page);
  page.setNet = (name) => setNet(page, name);
  page.remember = () => remember(page);

  frame(page);
  app.setLanes(wanted.lanes ?? arms.map((t) => t.name));
  app.on("lanes", () => lanesChanged(page));
  app.on("stream", () => remember(page));
  lanesChanged(page);
  app.events.on("connected", (yes) => connected(app, yes));
  app.events.open();
  page.tabs.show(wanted.view ?? "wire");
  startHints(page);
  run();
  lab(page);
  const order = Object.fromEntries(["rate", "size", "binary"].filter((key) => wanted[key] !== undefined).map((key) => [key, wanted[key]]));
  if (Object.keys(order).length) await publisher.set(order);
  if (wanted.net) setNet(page, wanted.net);
  if (wanted.tour) page.tour.open(wanted.tour);
  page.ready = true;
  remember(page);
  addEventListener("hashchange", () => follow(page));
}

/** The parts of the page that are always there. */
function frame(page) {
  const { app, config } = page;
  setText(byID("version"), `transportlab ${config.version}`);
  byID("axis").replaceChildren(
    ...ticks.map(([age, text]) => {
      const e = h("span", {}, text);
      e.style.left = `calc(10px + ${place(age)} * (100% - 20px))`;
      return e;
    }),
  );
  const net = byID("net");
  net.replaceChildren(...options([["", "each lane's own"], ...config.nets.map((n) => [n.name, n.title ?? n.name])], page.state.net ?? ""));
  net.addEventListener("change", () => setNet(page, net.value));
  const add = byID("lane-add");
  add.append(icon("plus"), "Add a lane");
  add.addEventListener("click", () => {
    const lane = app.addLane(app.nextTransport());
    if (lane) app.views.get(lane.id).select.focus();
  });
  const copy = byID("copy-link");
  copy.append(icon("link"));
  copy.setAttribute("aria-label", "Copy a link to what is shown");
  copy.title = "Copy a link to what is shown";
  copy.addEventListener("click", () => copyLink(page));
  byID("tour-open").prepend(icon("compass"));
  byID("tour-open").addEventListener("click", () => page.tour.toggle());
}

function lanesChanged(page) {
  const { app, config } = page;
  byID("lane-add").disabled = app.lanes.length >= config.lanes.length;
  const list = byID("lanes");
  const empty = list.querySelector(".lanes-empty");
  if (app.lanes.length && empty) empty.remove();
  if (!app.lanes.length && !empty) list.append(emptyLanes(() => app.setLanes(arms.map((t) => t.name))));
  byID("axis").hidden = !app.lanes.length;
  remember(page);
}

async function connected(app, yes) {
  const pill = byID("server");
  pill.dataset.state = yes ? "live" : "retrying";
  setText(pill, yes ? "demo running" : "demo not answering");
  app.problem(yes ? "" : "The demo does not answer. If it was ended, start it again at the same address: the page goes on by itself.");
  if (!yes) return;
  // A demo that was started again has other ports and another topic, which this page may not even ask.
  const { topic, lanes } = await getConfig();
  if (topic !== app.config.topic || lanes[0].url !== app.config.lanes[0].url) location.reload();
}

/** Gives every lane a network condition. */
function setNet(page, name) {
  const { app, config } = page;
  const net = config.nets.find((n) => n.name === name);
  page.state.net = net?.name;
  byID("net").value = net?.name ?? "";
  remember(page);
  if (!net) return;
  for (const { id, fault } of config.lanes) {
    const rest = app.views.get(id)?.breakPanel.fault ?? fault;
    app.try(setFault(id, { ...rest, delayMs: net.delayMs ?? 0, jitterMs: net.jitterMs ?? 0, rateKbit: net.rateKbit ?? 0 }));
  }
}

/** What is shown, as the address tells it. */
function shown({ app, state, tabs, tour }) {
  return {
    lanes: app.lanes.map((lane) => lane.transport.name),
    rate: app.stream.rate,
    size: app.stream.size === 64 ? undefined : app.stream.size,
    binary: app.stream.binary,
    net: state.net,
    view: tabs.current === "wire" ? undefined : tabs.current,
    room: tabs.current === "chat" ? state.room : undefined,
    chat: tabs.current === "chat" ? state.chat : undefined,
    tour: tour?.step,
  };
}

function remember(page) {
  if (!page.ready) return;
  const hash = formatState(shown(page));
  if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
}

/** Somebody changed the address by hand, or followed a link within the page. */
function follow(page) {
  if (!location.hash.includes("=")) return;
  const wanted = parseState(location.hash);
  if (wanted.lanes) page.app.setLanes(wanted.lanes);
  if (wanted.rate !== undefined) page.publisher.set({ rate: wanted.rate });
  if (wanted.net !== page.state.net) setNet(page, wanted.net);
  if (wanted.view) page.tabs.show(wanted.view);
}

async function copyLink(page) {
  const url = new URL(formatState(shown(page)) || "#", location.href).href;
  try {
    await navigator.clipboard.writeText(url);
    page.app.announce("Link copied");
    const button = byID("copy-link");
    button.replaceChildren(icon("check"));
    setTimeout(() => button.replaceChildren(icon("link")), 1500);
  } catch {
    page.app.problem(`The browser does not let the page copy. The link: ${url}`);
  }
}
