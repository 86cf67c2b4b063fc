// ws.mjs: the ws library, everybody hears everything. A peer to compare with; see peers.go.
import { WebSocketServer } from "ws";
import { serve } from "./serve.mjs";

const wss = new WebSocketServer({ noServer: true });
serve((server) => {
  server.on("upgrade", (request, socket, head) => wss.handleUpgrade(request, socket, head, () => {}));
}, (message) => {
  for (const client of wss.clients) client.send(message);
});
