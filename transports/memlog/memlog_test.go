package memlog_test

import (
	"testing"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/logtest"
	"transportlab/transports/memlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	logtest.Run(t, func(t testing.TB, maxLen int) (transports.BatchLog, logtest.Control) {
		log := memlog.New(memlog.Options{MaxLen: maxLen})
		t.Cleanup(func() { log.Close() })
		return log, logtest.Control{Lose: log.Forget, Close: log.Close}
	})
}
