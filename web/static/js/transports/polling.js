// The oldest way: ask on a fixed timetable, whether or not there is news. With fetch.

import { Pull } from "./pull.js";

export async function dial(target) {
  const { intervalMs, batch } = target.options;
  return new Pull({ name: "polling", next: (n) => (n >= batch ? 0 : intervalMs) }, target);
}
