package null_test

import (
	"testing"

	"transportlab/transports/null"
	"transportlab/transports/transporttest"
)

func BenchmarkTransport(b *testing.B) { transporttest.BenchOver(b, null.New) }
