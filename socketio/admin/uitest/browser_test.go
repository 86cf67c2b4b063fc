package uitest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/redis/go-redis/v9"

	"transportlab/socketio"
	"transportlab/socketio/admin"
	"transportlab/socketio/client"
	"transportlab/socketio/engineio"
	"transportlab/socketio/internal/redistest"
	"transportlab/socketio/redisadapter"
)

// startNode starts an instrumented server that lets the page's origin in, alone if rdb is nil.
func startNode(t *testing.T, id, origin string, rdb *redis.Client) (url string) {
	t.Helper()
	var adapter socketio.AdapterFunc
	if rdb != nil {
		adapter = redisadapter.New(rdb, redisadapter.Options{Timeout: 2 * time.Second})
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := socketio.NewServer(socketio.Options{
		Adapter: adapter, Logger: quiet, Engine: engineio.Options{CORS: &engineio.CORS{Origins: []string{origin}, Credentials: true}},
	})
	page, err := admin.Instrument(server, admin.Options{Check: admin.Secret("ada", "lovelace"), ServerID: id, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	server.Of("/chat").OnConnect(func(s *socketio.Socket) {
		s.OnEvent("enter", func(_ context.Context, e *socketio.Event) error {
			var room string
			if err := e.Args[0].Decode(&room); err != nil {
				return err
			}
			s.Join(room)
			return e.Ack()
		})
	})
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		page.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL
}

// A visitor is a client of a node.
type visitor struct {
	*client.Socket
	id   string
	gone chan client.Reason
}

func visit(t *testing.T, url, room string) *visitor {
	t.Helper()
	m, err := client.New(url, client.Options{Transports: []string{client.WebSocket}, Reconnection: client.Reconnection{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := m.Close(ctx); err != nil {
			t.Errorf("close client: %v", err)
		}
	})
	v := &visitor{m.Socket("/chat", client.SocketOptions{}), "", make(chan client.Reason, 1)}
	v.OnDisconnect(func(r client.Reason, _ error) { v.gone <- r })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	v.Connect()
	if err := v.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	v.id = v.ID()
	if _, err := v.EmitWithAck(ctx, "enter", room); err != nil {
		t.Fatal(err)
	}
	return v
}

// row is a JavaScript expression for the row of a table that holds a text.
func row(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('main tbody tr')].find(r => r.innerText.includes(%q))`, text)
}

func TestThePageShowsAndCommandsTwoNodes(t *testing.T) {
	redisServer := redistest.Start(t)
	rdb := redis.NewClient(&redis.Options{Addr: redisServer.Addr})
	t.Cleanup(func() { rdb.Close() }) // after the nodes
	p, origin := open(t)
	north, south := startNode(t, "north", origin, rdb), startNode(t, "south", origin, rdb)
	one, two := visit(t, north, "tea"), visit(t, south, "coffee")

	p.login(north, "ada", "wrong")
	p.shows("Invalid credentials", "DISCONNECTED")
	p.login(north, "ada", "lovelace")
	p.hides("DISCONNECTED")
	p.hides("Password")
	p.shoot("dashboard")
	p.goes("/servers/")
	p.shows("north", "south", "HEALTHY")
	p.shoot("servers")

	p.goes("/sockets/")
	p.chooseNamespace("/chat")
	p.shows(one.id, two.id, "WebSocket")
	p.shoot("sockets")

	p.goes("/rooms/")
	p.shows("tea", "coffee")
	three := visit(t, south, "cocoa") // while the page looks
	p.shows("cocoa")
	p.shoot("rooms")
	p.press(row("cocoa") + `?.querySelector('button')`) // removes all sockets from the room, and shows it
	p.goes("/rooms/")
	p.hides("cocoa")

	p.goes("/clients/")
	p.shows("WebSocket")
	p.shoot("clients")

	if err := three.Emit(t.Context(), "hello from three", 7); err != nil {
		t.Fatal(err)
	}
	p.goes("/events/")
	p.shows("hello from three", three.id)
	p.shoot("events")

	p.goes("/n/%2Fchat/sockets/" + two.id) // on the node that the page is not connected to
	p.shows(two.id, "coffee", "127.0.0.1")
	p.fill(`document.querySelector('main form input[type=text]')`, "water")
	p.press(`document.querySelector('main form button[type=submit]')`)
	p.press(row("water") + `?.querySelector('button')`) // joined; leaves it again, and shows the room
	p.goes("/n/%2Fchat/sockets/" + two.id)
	p.shows("coffee")
	p.becomes(func(string) string {
		if evaluate[bool](p, `!!`+row("water")) {
			return "still shows the room that was left"
		}
		return ""
	})
	p.shoot("socket")

	p.goes("/sockets/")
	p.shows(two.id)
	p.press(row(two.id) + `?.querySelector('button')`) // disconnects, and shows it
	p.goes("/sockets/")
	select {
	case r := <-two.gone:
		if r != client.ReasonServerDisconnect {
			t.Errorf("reason %q", r)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the other node's socket stays")
	}
	p.hides(two.id)
	p.shows(one.id)
	p.shoot("after")
}

func TestThePageStaysLoggedIn(t *testing.T) {
	p, origin := open(t)
	url := startNode(t, "alone", origin, nil)
	p.login(url, "ada", "lovelace")
	p.hides("DISCONNECTED")
	p.hides("Password")
	p.run(chromedp.Reload())
	p.shows("Dashboard")
	p.hides("DISCONNECTED")
	p.hides("Password")
	if id := evaluate[string](p, `localStorage.getItem('session_id')`); len(id) != 16 {
		t.Errorf("session id %q", id)
	}
}
