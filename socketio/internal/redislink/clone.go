package redislink

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

var errClient = errors.New("the Redis client must be a *redis.Client (also of NewFailoverClient) or a *redis.ClusterClient")

// Clone returns a client with the options of another, apart from these: it does not send a command again when the answer
// got lost, since a message that is published twice is received twice, and it obeys the deadlines of contexts.
func Clone(client redis.UniversalClient) (redis.UniversalClient, error) {
	switch client := client.(type) {
	case *redis.Client:
		opts := *client.Options()
		opts.MaxRetries, opts.DialerRetries, opts.ContextTimeoutEnabled = -1, 1, true
		return redis.NewClient(&opts), nil
	case *redis.ClusterClient:
		opts := *client.Options()
		opts.MaxRetries, opts.DialerRetries, opts.ContextTimeoutEnabled = -1, 1, true
		return redis.NewClusterClient(&opts), nil
	}
	return nil, errClient
}
