package socketio

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"sync"

	"transportlab/socketio/parser"
)

// A NamespaceMatcher decides whether a client may create the namespace that it asks for. auth is its credentials.
type NamespaceMatcher func(ctx context.Context, name string, auth parser.Value) bool

// A DynamicNamespace makes namespaces when clients ask for them. Each gets the middlewares and the connect functions that
// were added here before it was made.
type DynamicNamespace struct {
	server  *Server
	matcher NamespaceMatcher

	mu          sync.Mutex
	middlewares []Middleware
	onConnect   []func(*Socket)
	children    []*Namespace
}

// OfFunc adds a dynamic namespace. When several match a name, the one that was added first takes it.
func (s *Server) OfFunc(matcher NamespaceMatcher) *DynamicNamespace {
	d := &DynamicNamespace{server: s, matcher: matcher}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dynamic = append(slices.Clip(s.dynamic), d)
	return d
}

// OfMatch adds a dynamic namespace for the names, leading "/" included, that match the expression.
func (s *Server) OfMatch(expr *regexp.Regexp) *DynamicNamespace {
	return s.OfFunc(func(_ context.Context, name string, _ parser.Value) bool { return expr.MatchString(name) })
}

func (d *DynamicNamespace) matches(ctx context.Context, name string, auth parser.Value) (ok bool) {
	err := d.server.guard("namespace matcher", func() error {
		ok = d.matcher(ctx, name, auth)
		return nil
	})
	return ok && err == nil
}

// Use adds a middleware to the namespaces that are made from now on.
func (d *DynamicNamespace) Use(m Middleware) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.middlewares = append(d.middlewares, m)
}

// OnConnect adds a connect function to the namespaces that are made from now on.
func (d *DynamicNamespace) OnConnect(f func(s *Socket)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onConnect = append(d.onConnect, f)
}

// Children returns the namespaces that were made here.
func (d *DynamicNamespace) Children() []*Namespace {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.children)
}

// Emit sends an event to every socket of every namespace that was made here.
func (d *DynamicNamespace) Emit(ctx context.Context, event string, args ...any) error {
	var errs []error
	for _, ns := range d.Children() {
		errs = append(errs, ns.Emit(ctx, event, args...))
	}
	return errors.Join(errs...)
}

func (d *DynamicNamespace) adopt(ns *Namespace) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ns.middlewares = slices.Clone(d.middlewares)
	ns.onConnect = slices.Clone(d.onConnect)
	d.children = append(d.children, ns)
}

func (d *DynamicNamespace) abandon(ns *Namespace) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.children = slices.DeleteFunc(d.children, func(child *Namespace) bool { return child == ns })
}
