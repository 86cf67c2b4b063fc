package redislog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"transportlab/transports"
)

// probe asks a server what it is, and looks for settings that would break the contract.
func probe(ctx context.Context, client redis.UniversalClient, t target, o Options) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*o.Timeout)
	defer cancel()
	info := Info{Kind: t.kind, Address: t.address, Persistence: "none", PubSub: "plain"}
	hello, err := client.Do(ctx, "HELLO", "2").Slice()
	if err != nil {
		return info, advise(err)
	}
	for i := 0; i+1 < len(hello); i += 2 {
		switch hello[i] {
		case "server":
			if hello[i+1] == "miniredis" {
				info.Kind = "embedded miniredis"
			}
		case "version":
			info.Version = fmt.Sprint(hello[i+1])
		case "mode":
			if (hello[i+1] == "cluster") != (t.kind == "cluster") {
				return info, fmt.Errorf("this server's mode is %v: use redis+cluster:// for a cluster, and only for one", hello[i+1])
			}
		}
	}
	if info.Kind == "embedded miniredis" {
		info.EvictionPolicy = "noeviction"
		return info, nil
	}
	var major, minor int
	if _, err := fmt.Sscanf(info.Version, "%d.%d", &major, &minor); err != nil || major < 6 || major == 6 && minor < 2 {
		return info, fmt.Errorf("version %q: Redis 6.2 or later is needed", info.Version)
	}
	if t.kind == "cluster" && major >= 7 {
		info.PubSub = "sharded"
	}
	facts, err := client.Info(ctx).Result()
	if err != nil {
		return info, advise(err)
	}
	info.settle(fact(facts))
	if info.Persistence == "none" {
		if save, err := client.ConfigGet(ctx, "save").Result(); err == nil && save["save"] != "" {
			info.Persistence = "rdb" // a server that refuses CONFIG leaves us with what INFO says
		}
	}
	return info, nil
}

// fact returns a function that finds a line of INFO.
func fact(facts string) func(name string) string {
	return func(name string) string {
		for line := range strings.Lines(facts) {
			if value, ok := strings.CutPrefix(line, name+":"); ok {
				return strings.TrimSpace(value)
			}
		}
		return ""
	}
}

func (i *Info) settle(fact func(string) string) {
	if fact("aof_enabled") == "1" {
		i.Persistence = "aof"
	}
	i.EvictionPolicy = fact("maxmemory_policy")
	if i.EvictionPolicy != "noeviction" {
		i.Warnings = append(i.Warnings, fmt.Sprintf("the server's maxmemory-policy is %s: it may evict a topic that is in use, whose readers then get a gap; set it to noeviction", i.EvictionPolicy))
	}
	if fact("role") == "slave" {
		i.Warnings = append(i.Warnings, "the server is a replica: nothing can be appended until it is promoted")
	}
}

// advise says what to do about an error of the first exchange.
func advise(err error) error {
	advice := "is it running, and is the address right?"
	switch {
	case redis.HasErrorPrefix(err, "NOAUTH"), redis.HasErrorPrefix(err, "WRONGPASS"), redis.HasErrorPrefix(err, "NOPERM"):
		advice = "put user:password@ before the host"
	case redis.HasErrorPrefix(err, "LOADING"):
		advice = "it is still loading its data; try again"
	case errors.Is(err, context.DeadlineExceeded):
		advice = "it accepts connections but does not answer, or cannot be reached"
	}
	return fmt.Errorf("%w: %w (%s)", transports.ErrUnavailable, hideContext{err}, advice)
}
