// Package client is a Socket.IO client: protocol version 5 over Engine.IO version 4, interoperable with the official Node
// server and with package socketio. Semantics, options and defaults are those of socket.io-client 4.8; the API is Go's:
// typed handlers, contexts, errors, and no event emitter.
//
//	manager, err := client.New("http://localhost:3000", client.Options{})
//	if err != nil { … }
//	defer manager.Close(ctx)
//	socket := manager.Socket("/", client.SocketOptions{})
//	client.OnMessage(socket, "chat", func(ctx context.Context, text string) error { fmt.Println(text); return nil })
//	socket.Connect()
//	err = socket.Emit(ctx, "chat", "hello") // kept until the socket is connected
//
// # From JavaScript
//
//	io(url, opts), multiplexing       Clients.Socket
//	new Manager(url, opts)            New
//	manager.socket(nsp, opts)         Manager.Socket
//	manager.on("reconnect", f) …      Manager.OnReconnect …
//	socket.on(event, f)               On, OnMessage, Socket.OnEvent
//	socket.off(event, f)              the function that these return
//	socket.on("connect", f) …         Socket.OnConnect, OnConnectError, OnDisconnect
//	socket.onAny, onAnyOutgoing       Socket.OnAny, OnAnyOutgoing
//	socket.emit(event, …)             Socket.Emit
//	socket.emitWithAck(event, …)      Socket.EmitWithAck, Request
//	socket.volatile, timeout(ms)      Socket.Volatile, Socket.Timeout
//	socket.auth = …                   Socket.SetAuth, SetAuthFunc
//	socket.connect(), disconnect()    Socket.Connect, Disconnect
//	socket.recovered, active, id      Socket.Recovered, Active, ID
//	socket.io.engine.on("upgrade")    Manager.OnUpgrade
//	socket.io.engine.close()          Manager.CloseConnection
//	extraHeaders, query, path         Options.Header, Query, Path
//	agent, ca, cert, proxy, cookies   Options.HTTPClient
//	retries, ackTimeout               SocketOptions.Retries, AckTimeout
//
// # What differs from the official client, and why
//
//   - Nothing connects before Socket.Connect. In JavaScript handlers added after io() still see the first event; in a
//     program with threads they would not.
//   - What waits to be sent, or to be handled, has limits; see Options.
//   - An acknowledgement that will not come is always an error, also without a time-out.
//   - The back-off of the official client turns into NaN, and so into no pause at all, after about a thousand attempts;
//     here it stays at its maximum.
//   - Events that came before a CONNECT that never followed are forgotten with their connection, and so is the offset of a
//     session that the server did not recover.
//   - A poll whose connection broke ends the session at once; it is not repeated, because its answer may have been lost.
package client
