package bench

import (
	"fmt"

	"transportlab/bench/result"
)

// strained says for which runs the driver was asked for more than half of what it can do: it then has too
// little left to be sure that what is late is not its own.
func strained(run result.Run, c *result.Capacity) []result.Unfit {
	if c == nil || run.Closed || run.Window <= 0 {
		return nil
	}
	asked := float64(max(run.Accounting.Scheduled, run.Accounting.Expected)) / run.Window.Seconds()
	if asked <= c.Rate/2 {
		return nil
	}
	return []result.Unfit{{For: result.ForTail, Reason: fmt.Sprintf(
		"%.0f messages a second are more than half of the %.0f that the driver can do here", asked, c.Rate)}}
}
