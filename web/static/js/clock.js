// Time since 1970 in fractions of a millisecond, of the machine's own clock, which the server reads
// too. performance.now() is fine but drifts from it; Date.now() agrees with it but has whole
// milliseconds: the moment at which it ticks sets the one by the other.

const every = 10_000; // milliseconds between two settings

let offset = performance.timeOrigin;
let due = 0;

/** Milliseconds since 1970. */
export const now = () => performance.now() + offset;

function set() {
  const start = Date.now();
  const until = performance.now() + 3;
  let tick = start;
  let at = performance.now();
  while (tick === start && at < until) {
    tick = Date.now();
    at = performance.now();
  }
  if (tick !== start) offset = tick - at;
}

/** Sets the clock when that is due. Costs two milliseconds at most; called between frames. */
export function keep() {
  if (performance.now() < due) return;
  due = performance.now() + every;
  set();
}
