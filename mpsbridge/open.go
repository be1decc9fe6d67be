package mpsbridge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// Where the password is when it is not in the URL.
const (
	PasswordVariable     = "THREADLOOM_REDIS_PASSWORD"
	PasswordFileVariable = "THREADLOOM_REDIS_PASSWORD_FILE"
)

// A connection that says nothing for so long is given up: the other end may be gone
// without a word. Reads that wait for events get their wait on top.
const (
	dialWithin = 5 * time.Second
	readWithin = 15 * time.Second
)

func init() { logging.Disable() } // errors are returned, and told once

// Open connects to a queue. The URL is redis://[user[:password]@]host:port[/db], or
// rediss:// for TLS. Errors never hold the password.
func Open(ctx context.Context, url, queue string) (*Queue, error) {
	o, err := options(url)
	if err != nil {
		return nil, err
	}
	q := &Queue{keys{queue}, redis.NewClient(o)}
	if err := q.client.Ping(ctx).Err(); err != nil {
		_ = q.Close() // the first error is the one to tell
		return nil, fmt.Errorf("redis at %s does not answer: %w: start it, name another with --redis, or set --mps_share=0", o.Addr, err)
	}
	return q, nil
}

// ACLRule returns what ACL SETUSER takes, after a name and a password, to let a user
// do all that the bridge does with a queue, and nothing else.
func ACLRule(queue string) []any {
	rule := []any{"resetkeys", "~" + queue, "~" + queue + ":*", "resetchannels", "-@all"}
	for _, command := range strings.Fields(`auth blmove eval evalsha hdel hello hexists hget hgetall hincrby
		hlen hmget hset llen lmove lpop lpos lpush lrange lrem ping rpop rpush select time xadd xread
		xrevrange zadd zcard zrange zrangebyscore zrem zscore`) {
		rule = append(rule, "+"+command)
	}
	return rule
}

func options(url string) (*redis.Options, error) {
	o, err := redis.ParseURL(url)
	if err != nil { // its words may hold the URL, and that the password
		return nil, errors.New("--redis: want redis://[user[:password]@]host:port[/db], or rediss:// for TLS")
	}
	if o.Password == "" {
		if o.Password, err = password(); err != nil {
			return nil, err
		}
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = dialWithin, readWithin, readWithin
	o.ContextTimeoutEnabled = true
	o.DisableIdentity = true // an ACL for a queue need not allow CLIENT SETINFO
	return o, nil
}

func password() (string, error) {
	if p := os.Getenv(PasswordVariable); p != "" {
		return p, nil
	}
	name := os.Getenv(PasswordFileVariable)
	if name == "" {
		return "", nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", PasswordFileVariable, err)
	}
	return strings.TrimSpace(string(b)), nil
}
