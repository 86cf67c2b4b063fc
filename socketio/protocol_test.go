package socketio

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"transportlab/socketio/engineio"
	"transportlab/socketio/parser"
)

func TestConnectIsAnsweredWithAnID(t *testing.T) {
	l := newLab(t, Options{})
	l.server.Of("/custom")
	for _, c := range []struct{ say, hear string }{
		{`0`, `^0\{"sid":"[\w-]{20}"\}$`},
		{`0{"token":"x"}`, `^0\{"sid":"[\w-]{20}"\}$`},
		{`0/custom,`, `^0/custom,\{"sid":"[\w-]{20}"\}$`},
		{`0/custom`, `^0/custom,\{"sid":"[\w-]{20}"\}$`},
		{`0/random`, `^4/random,\{"message":"Invalid namespace"\}$`},
		{`0/custom?token=1`, `^4/custom\?token=1,\{"message":"Invalid namespace"\}$`},
	} {
		line := l.dial()
		line.say(c.say)
		if got := line.hear(); !regexp.MustCompile(c.hear).MatchString(got) {
			t.Errorf("%s is answered %s", c.say, got)
		}
	}
}

func TestAuthReachesTheHandshake(t *testing.T) {
	l := newLab(t, Options{})
	l.server.Of("/").OnConnect(func(s *Socket) { _ = s.Emit(s.Context(), "auth", s.Handshake().Auth) })
	for say, hear := range map[string]string{`0`: `2["auth",{}]`, `0{"a":[1]}`: `2["auth",{"a":[1]}]`} {
		line := l.dial()
		line.say(say)
		line.hear()
		line.expect(hear)
	}
}

func TestInvalidPacketClosesTheConnection(t *testing.T) {
	l := newLab(t, Options{})
	for _, text := range []string{
		`abc`, ``, `9`, `2`, `2{}`, `2[]`, `2["a"`, `2["a"]x`, `2["connect"]`, `2["disconnect","x"]`, `2[{"toString":"foo"}]`,
		`3`, `3[]`, `2abc["x"]`, `50-["x"]`, `511-["x"]`, `5999999999-["x"]`, `51-["x"]`, `51-["x",{"_placeholder":true,"num":-1}]`,
		`51-["x",{"_placeholder":true,"num":"splice"}]`, `1{}`,
		`0`, `0{}`, `4{"message":"x"}`, `2/other,["x"]`, `3/other,1[]`, `1/other,`,
	} {
		line := l.join("")
		line.say(text)
		line.gone()
	}
	for _, text := range []string{`2["early"]`, `31[]`, `1`, `4"x"`, `0[]`, `0"x"`, `0/x,[]`} { // before CONNECT
		line := l.dial()
		line.say(text)
		line.gone()
	}
	line := l.join("")
	line.sayBinary(1, 2, 3) // that nothing has announced
	line.gone()
	line = l.join("")
	line.say(`51-["x",{"_placeholder":true,"num":0}]`)
	line.say(`2["text in between"]`)
	line.gone()
	line = l.join("")
	line.say(`51-["x",{"_placeholder":true,"num":0}]`)
	_ = line.c.CloseNow() // half a packet goes with its connection
}

func TestHarmlessOdditiesAreTolerated(t *testing.T) {
	l := newLab(t, Options{})
	l.server.Of("/").OnConnect(answerEcho)
	line := l.join("")
	for _, text := range []string{`2["error","x"]`, `2["__proto__"]`, `2[1,"x"]`, `399[]`, `31["nobody asked"]`, `29999999999999999["x"]`,
		`2["unknown",` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `]`, `2["lone","\ud800"]`} {
		line.say(text)
	}
	line.silence()
}

func TestConnectionWithoutNamespaceIsClosed(t *testing.T) {
	l := newLab(t, Options{ConnectTimeout: 50 * time.Millisecond})
	l.dial().gone()
	refused := l.dial()
	refused.say(`0/random`)
	refused.hear()
	refused.gone()
}

func TestLeavingTheMainNamespaceKeepsTheConnection(t *testing.T) {
	l := newLab(t, Options{})
	var r record
	l.server.Of("/").OnConnect(func(s *Socket) { s.OnDisconnect(func(reason Reason, _ error) { r.add(string(reason)) }) })
	l.server.Of("/custom")
	line := l.join("")
	line.say(`0/custom`)
	line.hear()
	line.say(`1`)
	r.become(t, "client namespace disconnect")
	line.say(`0`)
	if got := line.hear(); !strings.HasPrefix(got, `0{"sid":`) {
		t.Errorf("CONNECT again is answered %s", got)
	}
}

func TestTooManyNamespacesAreRefused(t *testing.T) {
	l := newLab(t, Options{MaxNamespaces: 2})
	l.server.OfFunc(func(context.Context, string, parser.Value) bool { return true })
	line := l.join("/a")
	line.say(`0/b`)
	line.hear()
	line.say(`0/c`)
	line.expect(`4/c,{"message":"Too many namespaces"}`)
}

func TestDisconnectReasonsAreTheOfficialOnes(t *testing.T) {
	for want, act := range map[Reason]func(*line, *Socket){
		ReasonClientDisconnect:        func(l *line, _ *Socket) { l.say(`1`) },
		ReasonServerDisconnect:        func(_ *line, s *Socket) { s.Disconnect(false) },
		engineio.ReasonTransportClose: func(l *line, _ *Socket) { _ = l.c.CloseNow() },
		engineio.ReasonForcedClose:    func(_ *line, s *Socket) { s.Conn().Close() },
		engineio.ReasonParseError:     func(l *line, _ *Socket) { l.say(`nonsense`) },
		engineio.ReasonShutdown:       func(l *line, _ *Socket) { _ = l.server.Drain(t.Context(), 0) },
		engineio.ReasonPingTimeout:    nil,
	} {
		o := Options{}
		if act == nil {
			o.Engine = engineio.Options{PingInterval: 20 * time.Millisecond, PingTimeout: 20 * time.Millisecond}
			act = func(*line, *Socket) {}
		}
		l := newLab(t, o)
		var r record
		arrived := make(chan *Socket, 1)
		l.server.Of("/").OnConnect(func(s *Socket) {
			s.Join("room")
			s.OnDisconnecting(func(Reason) { r.add(strings.Join(s.Rooms()[1:], ",")) })
			s.OnDisconnect(func(reason Reason, _ error) {
				r.add(strings.ReplaceAll(string(reason), " ", "-"))
				if len(s.Rooms()) != 0 || s.Connected() {
					r.add("still-there")
				}
			})
			arrived <- s
		})
		line := l.join("")
		s := <-arrived
		act(line, s)
		r.become(t, "room "+strings.ReplaceAll(string(want), " ", "-"))
		if err := s.Emit(t.Context(), "late"); !errors.Is(err, ErrDisconnected) {
			t.Errorf("%s: emit afterwards: %v", want, err)
		}
		<-s.Context().Done()
		if cause := context.Cause(s.Context()); !errors.Is(cause, ErrDisconnected) && !errors.Is(cause, context.Canceled) {
			t.Errorf("%s: cause %v", want, cause)
		}
	}
}

func TestServerDisconnectIsTold(t *testing.T) {
	l := newLab(t, Options{})
	l.server.Of("/custom").OnConnect(func(s *Socket) {
		s.OnEvent("kick", func(context.Context, *Event) error { s.Disconnect(false); return nil })
		s.OnEvent("close", func(context.Context, *Event) error { s.Disconnect(true); return nil })
	})
	line := l.join("/custom")
	line.say(`2/custom,["kick"]`)
	line.expect(`1/custom,`)
	line = l.join("/custom")
	line.say(`2/custom,["close"]`)
	line.expect(`1/custom,`)
	line.gone()
}
