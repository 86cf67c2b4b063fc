package redislink

import (
	"errors"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

var errClient = errors.New("the Redis client must be a *redis.Client (also of NewFailoverClient) or a *redis.ClusterClient")

// Clone returns a client with the options of another, apart from these: it does not send a command again when the answer
// got lost, since a message that is published twice is received twice; it obeys the deadlines of contexts; and it has no
// part in the other's maintenance notifications, whose handlers two clients cannot share.
func Clone(client redis.UniversalClient) (redis.UniversalClient, error) {
	switch client := client.(type) {
	case *redis.Client:
		opts := *client.Options()
		opts.MaxRetries, opts.DialerRetries, opts.ContextTimeoutEnabled = -1, 1, true
		opts.PushNotificationProcessor, opts.MaintNotificationsConfig = nil, silent()
		return redis.NewClient(&opts), nil
	case *redis.ClusterClient:
		opts := *client.Options()
		opts.MaxRetries, opts.DialerRetries, opts.ContextTimeoutEnabled = -1, 1, true
		opts.PushNotificationProcessor, opts.MaintNotificationsConfig = nil, silent()
		return redis.NewClusterClient(&opts), nil
	}
	return nil, errClient
}

func silent() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
