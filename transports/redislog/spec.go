package redislog

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Forms are the forms of a store's address that Open takes, for help texts and errors.
const Forms = `auto                                        a private redis-server, else the embedded one
embedded                                    miniredis in this process
memory                                      no Redis: the memory of this process
redis://[user:password@]host[:port][/db]    a Redis server; rediss:// with TLS
unix:///path/to/redis.sock[?db=n]           a Redis server on a Unix socket
redis+sentinel://[user:password@]host:port[,host:port…]/master[/db][?sentinel_user=…&sentinel_password=…][&tls=true]
redis+cluster://[user:password@]host:port[,host:port…][?tls=true]`

// A target is a parsed address.
type target struct {
	kind    string // "redis", "sentinel" or "cluster"
	address string // without credentials
	open    func(o Options) redis.UniversalClient
}

// parse reads the address of a Redis that is there.
func parse(spec string) (target, error) {
	scheme, _, ok := strings.Cut(spec, "://")
	switch {
	case !ok:
		return target{}, fmt.Errorf("redislog: unknown store %q; it is one of:\n%s", spec, Forms)
	case scheme == "redis" || scheme == "rediss" || scheme == "unix":
		return parseServer(spec)
	case scheme == "redis+sentinel":
		return parseSentinel(spec)
	case scheme == "redis+cluster":
		return parseCluster(spec)
	}
	return target{}, fmt.Errorf("redislog: unknown kind of store %q; it is one of:\n%s", scheme+"://…", Forms)
}

func parseServer(spec string) (target, error) {
	o, err := redis.ParseURL(spec)
	if err != nil {
		return target{}, badSpec(err)
	}
	return target{"redis", o.Addr, func(own Options) redis.UniversalClient {
		o := *o
		tune(&o, own)
		return redis.NewClient(&o)
	}}, nil
}

func parseSentinel(spec string) (target, error) {
	u, hosts, err := splitHosts(spec, "sentinel_user", "sentinel_password", "tls")
	if err != nil {
		return target{}, err
	}
	master, db, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if master == "" {
		return target{}, badSpec(errors.New("the path names no master: redis+sentinel://host:26379/mymaster"))
	}
	number := 0
	if db != "" {
		if number, err = strconv.Atoi(db); err != nil || number < 0 {
			return target{}, badSpec(fmt.Errorf("%q is no number of a database", db))
		}
	}
	password, _ := u.User.Password()
	q := u.Query()
	tlsConfig, err := secure(q)
	if err != nil {
		return target{}, err
	}
	return target{"sentinel", master + " by " + strings.Join(hosts, ","), func(own Options) redis.UniversalClient {
		var o redis.Options
		tune(&o, own)
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: master, SentinelAddrs: hosts, DB: number, TLSConfig: tlsConfig,
			Username: u.User.Username(), Password: password,
			SentinelUsername: q.Get("sentinel_user"), SentinelPassword: q.Get("sentinel_password"),
			Protocol: o.Protocol, MaxRetries: o.MaxRetries, DisableIdentity: o.DisableIdentity,
			DialTimeout: o.DialTimeout, DialerRetries: o.DialerRetries, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
			ContextTimeoutEnabled: o.ContextTimeoutEnabled, PoolSize: o.PoolSize, PoolTimeout: o.PoolTimeout,
			MaxConcurrentDials: o.MaxConcurrentDials, PipelinePoolSize: o.PipelinePoolSize,
		})
	}}, nil
}

func parseCluster(spec string) (target, error) {
	u, hosts, err := splitHosts(spec, "tls")
	if err != nil {
		return target{}, err
	}
	if strings.Trim(u.Path, "/") != "" {
		return target{}, badSpec(errors.New("a cluster has one database only, so there is no path"))
	}
	tlsConfig, err := secure(u.Query())
	if err != nil {
		return target{}, err
	}
	password, _ := u.User.Password()
	return target{"cluster", strings.Join(hosts, ","), func(own Options) redis.UniversalClient {
		var o redis.Options
		tune(&o, own)
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: hosts, ClusterStateReloadInterval: own.Check, TLSConfig: tlsConfig, Username: u.User.Username(), Password: password,
			Protocol: o.Protocol, MaxRetries: o.MaxRetries, DisableIdentity: o.DisableIdentity,
			DialTimeout: o.DialTimeout, DialerRetries: o.DialerRetries, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
			ContextTimeoutEnabled: o.ContextTimeoutEnabled, PoolSize: o.PoolSize, PoolTimeout: o.PoolTimeout,
			MaxConcurrentDials: o.MaxConcurrentDials, PipelinePoolSize: o.PipelinePoolSize,
			MaintNotificationsConfig: o.MaintNotificationsConfig,
		})
	}}, nil
}

// tune sets what the log needs of any client. Nothing is sent twice behind the log's back, because
// each attempt to append has a stamp of its own.
func tune(o *redis.Options, own Options) {
	o.Protocol = 2 // what RESP3 adds costs a look at every reply
	o.MaxRetries = -1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.ContextTimeoutEnabled = true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = own.Timeout, own.Timeout, own.Timeout, own.Timeout
	o.DialerRetries = 1
	o.DialerRetryTimeout = 10 * time.Millisecond
	o.PoolSize, o.MaxConcurrentDials, o.PipelinePoolSize = 16, 4, 2 // pipelines: the appender's and the syncer's
}

// splitHosts parses a URL with several hosts, and refuses unknown parameters.
func splitHosts(spec string, parameters ...string) (*url.URL, []string, error) {
	scheme, rest, _ := strings.Cut(spec, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	user := ""
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, authority = authority[:at+1], authority[at+1:]
	}
	hosts := strings.Split(authority, ",")
	for _, host := range hosts {
		if name, port, err := net.SplitHostPort(host); err != nil || name == "" || port == "" {
			return nil, nil, badSpec(fmt.Errorf("%q is not host:port", host))
		}
	}
	u, err := url.Parse(scheme + "://" + user + hosts[0] + tail)
	if err != nil {
		return nil, nil, badSpec(err)
	}
	for name := range u.Query() {
		known := false
		for _, p := range parameters {
			known = known || p == name
		}
		if !known {
			return nil, nil, badSpec(fmt.Errorf("unknown parameter %q; known are %s", name, strings.Join(parameters, ", ")))
		}
	}
	return u, hosts, nil
}

func secure(q url.Values) (*tls.Config, error) {
	if !q.Has("tls") {
		return nil, nil
	}
	on, err := strconv.ParseBool(q.Get("tls"))
	if err != nil {
		return nil, badSpec(fmt.Errorf("tls=%q is neither true nor false", q.Get("tls")))
	}
	if !on {
		return nil, nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12}, nil
}

// badSpec says what is wrong with an address without repeating it, because it may hold a password.
func badSpec(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) {
		err = parse.Err
	}
	return fmt.Errorf("redislog: the store's address: %w; it is one of:\n%s", err, Forms)
}
