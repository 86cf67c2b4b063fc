// The page's one animation loop: everything that moves is drawn in the same frame. Who asks for less
// motion gets two discrete pictures a second.

import { keep, now } from "./clock.js";

const reduced = matchMedia("(prefers-reduced-motion: reduce)");
const drawers = new Set();

/** How the frames come: their number, and the longest time between two, in milliseconds. */
export const frames = { count: 0, longest: 0, rate: 0 };

let last = 0;
let secondAt = 0;
let secondCount = 0;

/** Has draw(now, motion) called in each frame, until the returned function is called. */
export function onFrame(draw) {
  drawers.add(draw);
  return () => drawers.delete(draw);
}

export const motion = () => !reduced.matches;

function frame(time) {
  if (last) frames.longest = Math.max(frames.longest, time - last);
  last = time;
  frames.count++;
  if (time - secondAt >= 1000) {
    frames.rate = Math.round(((frames.count - secondCount) * 1000) / (time - secondAt));
    secondAt = time;
    secondCount = frames.count;
  }
  const at = now();
  for (const draw of drawers) draw(at, motion());
  next();
}

function next() {
  if (reduced.matches) setTimeout(() => requestAnimationFrame(frame), 500);
  else requestAnimationFrame(frame);
}

/** Starts the loop. Hidden pages draw nothing: the browser calls no frames there. */
export function run() {
  setInterval(keep, 1000);
  keep();
  next();
}
