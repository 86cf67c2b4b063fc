// The server holds the question until there is news, and the client asks again at once. With fetch.

import { Pull } from "./pull.js";

export async function dial(target) {
  return new Pull({ name: "longpoll", next: () => 0 }, target);
}
