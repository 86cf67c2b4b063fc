package all

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"transportlab/transports"
	"transportlab/transports/ajax"
	"transportlab/transports/longpoll"
	"transportlab/transports/polling"
	"transportlab/transports/streaming"
	"transportlab/transports/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryTransportKeepsTheContract(t *testing.T) {
	for _, arm := range arms {
		t.Run(arm(transports.Options{}).Info().Name, func(t *testing.T) { transporttest.Run(t, arm) })
	}
}

func TestTransportsOverPlainHTTPRefuseAlike(t *testing.T) {
	for _, arm := range []transporttest.New{polling.New, ajax.New, longpoll.New, streaming.New} {
		t.Run(arm(transports.Options{}).Info().Name, func(t *testing.T) { transporttest.RunHTTP(t, arm) })
	}
}

func TestFindNamesWhatThereIs(t *testing.T) {
	if a, err := Find("longpoll", transports.Options{}); err != nil || a.Info().Name != "longpoll" {
		t.Errorf("longpoll: %v, %v", a, err)
	}
	if _, err := Find("carrierpigeon", transports.Options{}); err == nil || !strings.Contains(err.Error(), "websocket") {
		t.Errorf("an unknown name: %v, want the names there are", err)
	}
}
