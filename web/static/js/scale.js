// The lanes' common axis: how far a message of some age has come. The root gives short delays room
// without making a second look like the end of the world; what is older than the axis waits at its end.

export const longest = 2000; // milliseconds at the right end

export const ticks = [[0, "0"], [10, "10 ms"], [100, "100 ms"], [250, "250 ms"], [500, "500 ms"], [1000, "1 s"], [longest, "2 s and more"]];

/** The place of an age in milliseconds, from 0 to 1. */
export const place = (age) => Math.sqrt(Math.min(Math.max(age, 0), longest) / longest);
