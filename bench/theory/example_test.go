package theory_test

import (
	"fmt"
	"time"

	"transportlab/bench/result"
	"transportlab/bench/theory"
	"transportlab/bench/workload"
)

// A client asks every 230 ms over a round trip of 80 ms: a pause of 150 ms after each answer.
func ExampleDelivery() {
	form, _ := theory.Delivery(theory.Question{
		Arm:      result.Arm{Transport: "polling", Carrier: "h1"},
		Workload: workload.Workload{Kind: workload.Fanout, Rate: 4, Arrival: workload.Arrival{Process: workload.Poisson}}.WithDefaults(),
		Options:  result.Options{Interval: 230 * time.Millisecond, Batch: 256},
		Net:      result.Net{RTT: 80 * time.Millisecond},
		Beside:   true, // the publishers
	})
	fmt.Println(form.Text)
	fmt.Println("in the mean", form.Mean)
	fmt.Printf("within 100 ms: %.0f %%\n", 100*form.CDF(100*time.Millisecond))
	// Output:
	// uniform on [40 ms, 270 ms]
	// in the mean 155ms
	// within 100 ms: 26 %
}
