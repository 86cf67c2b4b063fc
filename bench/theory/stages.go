package theory

import "math"

// Messages that arrive at random are dealt to topics in turn, so that one topic gets every k-th of them: its
// spacing is the sum of k exponential ones (Erlang 1917), more even than random for k over 1. A topic is
// then at one of k stages, which says how many messages have come since its own last one; what happens within a
// time depends on the stage at its beginning and on nothing else.

// maxStages bounds the work of solving a chain of stages.
const maxStages = 128

// A span is what arrives in so many seconds.
type span struct {
	k     int
	exact []float64 // chance of exactly n messages of all topics
}

func newSpan(k int, rate, length float64) span {
	mean := rate * length
	n := int(mean + 12*math.Sqrt(mean) + 20)
	s := span{k: k, exact: make([]float64, max(n, k)+1)}
	for i := range s.exact {
		s.exact[i] = poissonChance(mean, i)
	}
	return s
}

func poissonChance(mean float64, n int) float64 {
	if mean == 0 {
		if n == 0 {
			return 1
		}
		return 0
	}
	ln, _ := math.Lgamma(float64(n + 1))
	return math.Exp(float64(n)*math.Log(mean) - mean - ln)
}

// none is where stages go when the topic gets no message.
func (s span) none(from []float64) []float64 {
	to := make([]float64, s.k)
	for i, x := range from {
		for j := i; j < s.k && x > 0; j++ {
			to[j] += x * s.exact[j-i]
		}
	}
	return to
}

// some is where they go when it gets at least one.
func (s span) some(from []float64) []float64 {
	wrapped := make([]float64, s.k) // chance of n messages, n modulo k
	for n, p := range s.exact {
		wrapped[n%s.k] += p
	}
	to := make([]float64, s.k)
	for i, x := range from {
		for j := 0; j < s.k && x > 0; j++ {
			p := wrapped[(j-i+s.k)%s.k]
			if j >= i {
				p -= s.exact[j-i]
			}
			to[j] += x * math.Max(p, 0)
		}
	}
	return to
}

// until is the expected visits of stages when spans follow each other until the topic gets a message.
func (s span) until(from []float64) []float64 {
	visits := make([]float64, s.k)
	for j := range visits {
		sum := from[j]
		for i := range j {
			sum += visits[i] * s.exact[j-i]
		}
		visits[j] = sum / (1 - s.exact[0])
	}
	return visits
}

// messages is how many the topic gets, from the given stages.
func (s span) messages(from []float64) float64 {
	all := 0.0
	for _, x := range from {
		all += x
	}
	first := make([]float64, s.k) // messages of the topic by n of all, n below k
	for n := 1; n < s.k; n++ {
		first[n] = first[n-1] + from[s.k-n]
	}
	sum := 0.0
	for n, p := range s.exact {
		sum += p * (float64(n/s.k)*all + first[n%s.k])
	}
	return sum
}

// pieces is in how many pieces of even density the waits of a span are cut; with one stage the density is even.
const pieces = 64

// waits appends what the messages of a span wait until its end, not yet normalised.
func waits(m mixture, k int, rate, length float64, from []float64) mixture {
	n := pieces
	if k == 1 {
		n = 1
	}
	before := 0.0
	for i := 1; i <= n; i++ {
		upTo := newSpan(k, rate, length*float64(i)/float64(n)).messages(from)
		m = append(m, part{upTo - before, length * float64(n-i) / float64(n), length * float64(n-i+1) / float64(n)})
		before = upTo
	}
	return m
}

// normal gives a mixture weights that add up to 1.
func (m mixture) normal() mixture {
	sum := 0.0
	for _, p := range m {
		sum += p.weight
	}
	for i := range m {
		m[i].weight /= sum
	}
	return m
}

// stationary is how often a chain visits each state in the long run, by Grassmann, Taksar and Heyman (1985),
// which subtracts nothing and so loses no digits. It changes p, whose rows add up to 1; from every state the
// chain must be able to reach state 0.
func stationary(p [][]float64) []float64 {
	n := len(p)
	for last := n - 1; last > 0; last-- {
		out := 0.0
		for _, x := range p[last][:last] {
			out += x
		}
		for i := range last {
			p[i][last] /= out
			for j := range last {
				p[i][j] += p[i][last] * p[last][j]
			}
		}
	}
	pi := make([]float64, n)
	pi[0] = 1
	sum := 1.0
	for j := 1; j < n; j++ {
		for i := range j {
			pi[j] += pi[i] * p[i][j]
		}
		sum += pi[j]
	}
	for j := range pi {
		pi[j] /= sum
	}
	return pi
}

// stages is a distribution that is at one stage for sure.
func stages(k, at int) []float64 {
	x := make([]float64, k)
	x[at] = 1
	return x
}
