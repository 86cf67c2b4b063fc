package result

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"
)

// WriteCSV writes a table with a row per run and a column per metric. A figure that a run lacks, or is
// unfit for, is an empty cell.
func (d *Document) WriteCSV(w io.Writer) error {
	metrics := Metrics()
	head := []string{"block", "order", "started", "workload", "transport", "carrier", "net", "variant", "error",
		"scheduled", "sent", "acked", "expected", "delivered", "lost", "repeated", "reordered", "gaps", "late", "dropped"}
	for _, m := range metrics {
		head = append(head, m.Name)
	}
	c := csv.NewWriter(w)
	if err := c.Write(head); err != nil {
		return err
	}
	for _, r := range d.Runs {
		row := []string{strconv.Itoa(r.Block), strconv.Itoa(r.Order), r.Started.Format(time.RFC3339Nano), r.Workload,
			r.Arm.Transport, r.Arm.Carrier, r.Arm.Net, r.Arm.Variant, r.Error}
		a := r.Accounting
		for _, n := range []uint64{a.Scheduled, a.Sent, a.Acked, a.Expected, a.Delivered, a.Lost, a.Repeated, a.Reordered, a.Gaps, a.Late, a.Dropped} {
			row = append(row, strconv.FormatUint(n, 10))
		}
		for _, m := range metrics {
			cell := ""
			if v, ok := m.Value(r); ok {
				cell = strconv.FormatFloat(v, 'f', -1, 64)
			}
			row = append(row, cell)
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
