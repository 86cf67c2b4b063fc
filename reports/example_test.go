package reports_test

import (
	"fmt"
	"log"

	"transportlab/bench/result"
	"transportlab/reports"
)

// A report is made from a result document, wherever and whenever that was measured.
func Example() {
	d, err := result.ReadFile("testdata/result.json")
	if err != nil {
		log.Fatal(err)
	}
	r, err := reports.New(d)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range r.Sections {
		fmt.Printf("%s: %s\n", s.Workload.Name, s.Verdict.Text)
	}
	// Output:
	// fanout: WebSocket had the best median, 707 µs, then Long polling · h2c, 1.63 ms. n is too small for a verdict: 2 usable runs, 6 are needed.
	// ingest: WebSocket had the best median, 255 µs, then Long polling · h2c, 519 µs. n is too small for a verdict: 2 usable runs, 6 are needed.
	// idle: Polling had the best median, 6,000 B, then Long polling · h2c, 11.0 kB. n is too small for a verdict: 2 usable runs, 6 are needed.
}
