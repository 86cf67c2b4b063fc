package carrier

import "sync"

// A set holds what is alive. Its zero value is empty.
type set[T comparable] struct {
	mu    sync.Mutex
	items map[T]struct{}
}

func (s *set[T]) add(x T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[T]struct{}{}
	}
	s.items[x] = struct{}{}
}

func (s *set[T]) remove(x T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, x)
}

// all returns the members, so that the caller may do with them what removes them.
func (s *set[T]) all() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]T, 0, len(s.items))
	for x := range s.items {
		list = append(list, x)
	}
	return list
}
