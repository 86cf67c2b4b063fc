// How long to wait before dialling again: a random time up to 100 ms, 200 ms, 400 ms … 5 s (full
// jitter), at least what the server asked for.

const least = 100;
const most = 5000;

export function backoff(attempt, error, random = Math.random) {
  const limit = Math.min(least * 2 ** Math.min(Math.max(attempt, 0), 20), most);
  return random() * limit + (error?.retryAfter ?? 0);
}
