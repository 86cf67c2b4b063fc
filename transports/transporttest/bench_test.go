package transporttest_test

import (
	"testing"

	"transportlab/transports/transporttest"
)

func BenchmarkTransports(b *testing.B) {
	for _, arm := range arms {
		transporttest.Bench(b, arm)
	}
}
