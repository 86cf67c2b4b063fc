package gate

import "sync"

// mostEntries is how many entries a record keeps.
const mostEntries = 256

// An Entry is something that was said, or that happened, on a gate's connections.
type Entry struct {
	N        uint64  `json:"n"`             // numbered from 1
	Kind     string  `json:"kind"`          // open, close, request, response, sse, frame
	Dir      string  `json:"dir,omitempty"` // up or down
	Conn     int64   `json:"conn"`          // the connection's number
	Reused   bool    `json:"reused"`        // it had carried a request before
	Start    float64 `json:"start"`         // of its first byte, in milliseconds since 1970
	End      float64 `json:"end"`           // of its last one
	Bytes    int64   `json:"bytes"`
	Messages int     `json:"messages"` // that it carries
	Title    string  `json:"title"`
	Request  uint64  `json:"request,omitempty"` // a response's: the number of what it answers
	Layers   Layers  `json:"layers"`
	Parts    []Part  `json:"parts,omitempty"` // its beginning as text
	Cut      bool    `json:"cut,omitempty"`   // there was more than Parts tell
}

// A Part is a stretch of text that is for one thing.
type Part struct {
	Class string `json:"c"` // header, framing, envelope, payload, other
	Text  string `json:"t"`
}

// A record is what a gate remembers: all counts, and the last entries. A nil one remembers nothing.
type record struct {
	mu      sync.Mutex
	counts  Counts
	ring    [mostEntries]Entry
	entered uint64 // entries ever
	from    uint64 // entries that were forgotten
}

// count changes the counts.
func (r *record) count(f func(*Counts)) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.counts)
}

// enter adds an entry and returns its number.
func (r *record) enter(e Entry) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entered++
	e.N = r.entered
	r.ring[e.N%mostEntries] = e
	return e.N
}

func (r *record) total() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

func (r *record) entries(after uint64, limit int) (list []Entry, skipped uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	after = max(after, r.from)
	first := after + 1
	if most := uint64(min(limit, mostEntries)); r.entered > most {
		first = max(first, r.entered-most+1)
	}
	for n := first; n <= r.entered; n++ {
		list = append(list, r.ring[n%mostEntries])
	}
	return list, first - after - 1
}

// clear forgets; entries go on being numbered.
func (r *record) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts = Counts{}
	clear(r.ring[:])
	r.from = r.entered
}
