package client

import (
	"fmt"
	"testing"
	"time"
)

// What the back-off of socket.io-client 4.8.4 returned for delay, maximum, factor and a constant Math.random().
var official = []struct {
	delay, maximum int
	factor, random float64
	want           []int
}{
	{1000, 5000, 0.5, 0, []int{1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.05, []int{975, 1950, 3900, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.1, []int{1050, 2100, 4200, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.15, []int{1075, 2150, 4300, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.25, []int{875, 1750, 3500, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.333, []int{1166, 2333, 4666, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.5, []int{1250, 2500, 5000, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.62, []int{690, 1380, 2760, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.77, []int{1385, 2770, 5000, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0.5, 0.99, []int{1495, 2990, 5000, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0, 0.1, []int{1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0, 0.333, []int{1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000}},
	{1000, 5000, 0, 0.77, []int{1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000}},
	{100, 10000, 1, 0.05, []int{95, 190, 380, 760, 1520, 3040, 6080, 10000}},
	{100, 10000, 1, 0.25, []int{75, 150, 300, 600, 1200, 2400, 4800, 9600}},
	{100, 10000, 1, 0.62, []int{38, 76, 152, 304, 608, 1216, 2432, 4864}},
	{1500, 60000, 0.3, 0, []int{1500, 3000, 6000, 12000, 24000, 48000, 60000, 60000}},
	{1500, 60000, 0.3, 0.15, []int{1567, 3135, 6270, 12540, 25080, 50160, 60000, 60000}},
	{1500, 60000, 0.3, 0.5, []int{1725, 3450, 6900, 13800, 27600, 55200, 60000, 60000}},
	{1500, 60000, 0.3, 0.99, []int{1945, 3891, 7782, 15564, 31128, 60000, 60000, 60000}},
	{333, 2222, 0.5, 0.1, []int{349, 699, 1398, 2222, 2222, 2222, 2222, 2222}},
	{333, 2222, 0.5, 0.333, []int{388, 776, 1553, 2222, 2222, 2222, 2222, 2222}},
	{333, 2222, 0.5, 0.77, []int{461, 922, 1844, 2222, 2222, 2222, 2222, 2222}},
}

func TestBackoffIsTheOfficialOne(t *testing.T) {
	for _, tc := range official {
		t.Run(fmt.Sprint(tc.delay, tc.maximum, tc.factor, tc.random), func(t *testing.T) {
			r := Reconnection{Delay: time.Duration(tc.delay) * time.Millisecond, DelayMax: time.Duration(tc.maximum) * time.Millisecond,
				RandomizationFactor: tc.factor}
			b := backoff{random: func() float64 { return tc.random }}
			for i, want := range tc.want {
				if got := b.next(r); got != time.Duration(want)*time.Millisecond {
					t.Errorf("attempt %d: %v, want %d ms", i+1, got, want)
				}
			}
		})
	}
}

func TestBackoffStaysAtItsMaximum(t *testing.T) {
	b := backoff{attempts: 100_000, random: func() float64 { return 0.15 }}
	if got := b.next(Reconnection{}.withDefaults()); got != 5*time.Second {
		t.Errorf("after 100,000 attempts the pause is %v", got)
	}
	b.reset()
	if got := b.next(Reconnection{}.withDefaults()); got != 1075*time.Millisecond {
		t.Errorf("after a reset the pause is %v", got)
	}
}
