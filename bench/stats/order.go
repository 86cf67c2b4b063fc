package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// An Order says whether values that came one after the other depend on each other.
type Order struct {
	N     int
	Lag1  float64 // autocorrelation of neighbours: 0 is none; NaN when all values are equal
	Ratio float64 // von Neumann's ratio of the ranks: about 2, less when neighbours resemble each other; NaN likewise
	P     float64 // of the ratio, two-sided; NaN when Small
	Small bool    // fewer than MinRuns values: nothing follows
}

// Independence tests whether the order of values is random, as that of independent runs is. Intervals and
// tests here take runs as independent; when neighbours resemble each other, they are too narrow.
//
// The ratio is that of the squared differences of neighbours to the variance (von Neumann, Annals of
// Mathematical Statistics 12, 1941), taken of ranks so that nothing is assumed of the distribution (Bartels,
// Journal of the American Statistical Association 77, 1982). P is a permutation test's: exact up to 8
// values, of 20,000 random orders, the same ones every time, beyond (Phipson and Smyth 2010).
func Independence(values []float64) Order {
	o := Order{N: len(values), Lag1: math.NaN(), Ratio: math.NaN(), P: math.NaN(), Small: len(values) < MinRuns}
	ranks := midranks(values)
	variance := 0.0
	for _, r := range ranks {
		d := r - float64(len(ranks)+1)/2
		variance += d * d
	}
	if variance == 0 {
		return o
	}
	seen := steps(ranks)
	o.Lag1, o.Ratio = lag1(values), seen/variance
	if o.Small {
		return o
	}
	below, above, all := 0, 0, 0
	count := func(ranks []float64) {
		s := steps(ranks)
		if s <= seen {
			below++
		}
		if s >= seen {
			above++
		}
		all++
	}
	const exact, times = 8, 20_000
	if len(ranks) <= exact {
		permute(slices.Clone(ranks), 0, count)
	} else {
		rng := rand.New(rand.NewPCG(1, 2))
		shuffled := slices.Clone(ranks)
		count(ranks) // the order that was seen is one of them
		for range times {
			rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			count(shuffled)
		}
	}
	o.P = min(1, 2*float64(min(below, above))/float64(all))
	return o
}

// lag1 is the autocorrelation of neighbours; not all values are equal.
func lag1(values []float64) float64 {
	mean := 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	var together, alone float64
	for i, v := range values {
		alone += (v - mean) * (v - mean)
		if i > 0 {
			together += (v - mean) * (values[i-1] - mean)
		}
	}
	return together / alone
}

// steps is the sum of the squared differences of neighbours.
func steps(values []float64) (sum float64) {
	for i := 1; i < len(values); i++ {
		d := values[i] - values[i-1]
		sum += d * d
	}
	return sum
}

// permute calls visit with every order of values, whose first fixed stay where they are.
func permute(values []float64, fixed int, visit func([]float64)) {
	if fixed == len(values) {
		visit(values)
		return
	}
	for i := fixed; i < len(values); i++ {
		values[fixed], values[i] = values[i], values[fixed]
		permute(values, fixed+1, visit)
		values[fixed], values[i] = values[i], values[fixed]
	}
}

// midranks are the places of values in their order, from 1; equal ones share the middle of theirs.
func midranks(values []float64) []float64 {
	places := make([]int, len(values))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	ranks := make([]float64, len(values))
	for from := 0; from < len(places); {
		to := from + 1
		for to < len(places) && values[places[to]] == values[places[from]] {
			to++
		}
		for _, i := range places[from:to] {
			ranks[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return ranks
}
