// What whoever tests the page, or looks at it from the console, can read: window.lab.

import { frames } from "./loop.js";
import { formatCursor } from "./transports/wire.js";

export function lab(page) {
  const { app } = page;
  window.lab = {
    get lanes() {
      return app.lanes.map((lane) => ({
        id: lane.id,
        transport: lane.transport.name,
        status: lane.status,
        text: lane.text,
        cursor: formatCursor(lane.cursor),
        p50: lane.p50,
        p99: lane.p99,
        counts: counts(lane.judge),
        notes: [...lane.notes].map((n) => n.text),
        switch: (name) => lane.switchTo(name),
        pause: () => lane.pause(),
        resume: () => lane.resume(),
      }));
    },
    get published() {
      return { epoch: app.published.epoch, latest: app.published.latest, count: app.published.count };
    },
    get chat() {
      return page.chat?.state;
    },
    log: (id) => [...(app.lanes.find((lane) => lane.id === id)?.log ?? [])],
    frames,
  };
}

const counts = ({ delivered, lost, repeated, reordered, gaps, missing }) => ({ delivered, lost, repeated, reordered, gaps, missing });
