package stats

import "math"

// SignedRank returns the two-sided p-value of Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945) that
// differences, one per run, are distributed symmetrically about 0: whether something changed within runs.
// It is exact, with ties too; differences of 0 are left out, as Wilcoxon did. NaN with fewer than MinRuns.
func SignedRank(differences []float64) float64 {
	var sizes []float64
	var rises []bool
	for _, d := range differences {
		if d != 0 {
			sizes, rises = append(sizes, math.Abs(d)), append(rises, d > 0)
		}
	}
	if len(differences) < MinRuns {
		return math.NaN()
	}
	// Twice the ranks are whole numbers. Each is among the rising ones with a chance of one half.
	chance, seen := []float64{1}, 0
	for i, r := range midranks(sizes) {
		twice := int(math.Round(2 * r))
		if rises[i] {
			seen += twice
		}
		next := make([]float64, len(chance)+twice)
		for k, p := range chance {
			next[k] += p / 2
			next[k+twice] += p / 2
		}
		chance = next
	}
	var below, above float64
	for k, p := range chance {
		if k <= seen {
			below += p
		}
		if k >= seen {
			above += p
		}
	}
	return min(1, 2*min(below, above))
}
