package streamsadapter

import (
	"context"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"transportlab/socketio/internal/nodewire"
	"transportlab/socketio/internal/redislink"
)

// carrier moves the messages of one namespace: what must not get lost through the stream, questions and answers through
// channels.
type carrier struct {
	link     *redislink.Link
	opts     Options
	recovery bool
	log      *slog.Logger
	stream   string
	channel  string
}

func (c *carrier) common() redislink.Channel {
	return redislink.Channel{Name: c.channel, Sharded: c.opts.UseShardedPubSub}
}

func (c *carrier) own(uid string) redislink.Channel {
	return redislink.Channel{Name: c.channel + uid + "#", Sharded: c.opts.UseShardedPubSub}
}

// Publish implements cluster.Carrier. It waits for Redis, apart from broadcasts that need no offset.
func (c *carrier) Publish(ctx context.Context, m nodewire.Message) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	if m.Kind == nodewire.FetchSockets || m.Kind == nodewire.ServerSideEmit || m.RequestID != "" {
		b, err := m.Msgpack()
		if err != nil {
			return "", err
		}
		return "", c.link.Do(ctx, c.publish(c.channel, b))
	}
	fields, err := m.Entry()
	if err != nil {
		return "", err
	}
	if m.Kind == nodewire.Broadcast && (!c.recovery || m.Options.Flags.Volatile) {
		return "", c.link.Send(ctx, c.add(fields, nil))
	}
	stored := make(chan *redis.StringCmd, 1)
	if err := c.link.Do(ctx, c.add(fields, stored)); err != nil {
		return "", err
	}
	return (<-stored).Val(), nil
}

// add appends an entry. The command is handed to stored when it has been queued, and has its result when Do returns.
func (c *carrier) add(fields []string, stored chan<- *redis.StringCmd) func(context.Context, redis.Pipeliner) redis.Cmder {
	return func(ctx context.Context, pipe redis.Pipeliner) redis.Cmder {
		cmd := pipe.XAdd(ctx, &redis.XAddArgs{Stream: c.stream, MaxLen: c.opts.MaxLen, Approx: true, Values: fields})
		if stored != nil {
			stored <- cmd
		}
		return cmd
	}
}

func (c *carrier) publish(channel string, message []byte) func(context.Context, redis.Pipeliner) redis.Cmder {
	return func(ctx context.Context, pipe redis.Pipeliner) redis.Cmder {
		if c.opts.UseShardedPubSub {
			return pipe.SPublish(ctx, channel, message)
		}
		return pipe.Publish(ctx, channel, message)
	}
}

// Respond implements cluster.Carrier.
func (c *carrier) Respond(uid string, m nodewire.Message) {
	b, err := m.Msgpack()
	if err == nil {
		err = c.link.Send(context.Background(), c.publish(c.own(uid).Name, b))
	}
	if err != nil {
		c.log.Warn("an answer did not reach the other node", "error", err)
	}
}

// ServerCount implements cluster.Carrier.
func (c *carrier) ServerCount(ctx context.Context) (int, error) {
	return c.link.Subscribers(ctx, c.common())
}
