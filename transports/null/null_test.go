package null_test

import (
	"testing"

	"go.uber.org/goleak"

	"transportlab/transports/null"
	"transportlab/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTransport(t *testing.T) { transporttest.RunOver(t, null.New) }
