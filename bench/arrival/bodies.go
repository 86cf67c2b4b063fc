package arrival

import "math/rand/v2"

// Bodies are the data of a run's messages, drawn from a seed before it begins: the same for every arm.
// Neighbouring messages differ, so that one delivered in another's place is noticed.
type Bodies struct {
	pool [][]byte
}

// NewBodies draws bodies of at most size bytes. Text is printable ASCII that hardly compresses; binary
// takes every byte value.
func NewBodies(size int, binary bool, seed uint64) Bodies {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ."
	const budget = 32 << 20
	rng := rand.New(rand.NewPCG(seed, 0x626f64696573))
	b := Bodies{make([][]byte, min(max(budget/size, 2), 251))} // a prime: no workload is in step with it
	for i := range b.pool {
		data := make([]byte, size)
		for j := range data {
			data[j] = byte(rng.Uint32())
			if !binary {
				data[j] = letters[data[j]%byte(len(letters))]
			}
		}
		b.pool[i] = data
	}
	return b
}

// Of returns the first size bytes of message i's body. The slice is shared: nobody may write to it.
func (b Bodies) Of(i, size int) []byte { return b.pool[i%len(b.pool)][:size:size] }
