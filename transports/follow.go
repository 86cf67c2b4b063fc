package transports

import "context"

// Follow calls fn with the messages of a topic after the cursor, at most limit at a time, in order
// and without a hole, and waits for more whenever there are none, until ctx ends or an error occurs.
// It returns that error: the context's, fn's, the log's, or a *GapError — follow again from its
// Resume to go on behind the gap. fn must not keep the slice.
func Follow(ctx context.Context, log Log, topic string, after Cursor, limit int, fn func([]Message) error) error {
	for {
		ms, err := log.Read(ctx, topic, after, limit)
		if err != nil {
			return err
		}
		if len(ms) > 0 {
			if err := fn(ms); err != nil {
				return err
			}
			after = ms[len(ms)-1].Cursor
			continue
		}
		if err := log.Wait(ctx, topic, after); err != nil {
			return err
		}
	}
}
