package mpsbridge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// The environment variables with the password, or with the file that has it, if the URL has none.
const (
	PasswordVariable     = "THREADLOOM_REDIS_PASSWORD"
	PasswordFileVariable = "THREADLOOM_REDIS_PASSWORD_FILE"
)

// A connection without an answer for so long is closed, because the other end may have gone
// without closing it. A read that waits for events may take as much longer as it waits.
const (
	dialWithin = 5 * time.Second
	readWithin = 15 * time.Second
)

func init() { logging.Disable() } // the client also returns its errors, and they should be logged only once

var errNoPassword = errors.New("--redis: it names a user and no password: put the password into " + PasswordVariable)

// Open connects to a queue; ParseURL reads the URL. Errors never hold the password.
func Open(ctx context.Context, url, queue string) (*Queue, error) {
	o, err := options(url)
	if err != nil {
		return nil, err
	}
	q := &Queue{keys{queue}, redis.NewClient(o)}
	if err := q.client.Ping(ctx).Err(); err != nil {
		_ = q.Close() // only the first error is returned
		return nil, fmt.Errorf("redis at %s does not answer: %w: start it, name another with --redis, or set --mps_share=0", o.Addr, err)
	}
	return q, nil
}

func options(url string) (*redis.Options, error) {
	a, err := ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("--redis: %w", err)
	}
	if a.Password == "" {
		if a.Password, err = password(); err != nil {
			return nil, err
		}
	}
	if a.User != "" && a.Password == "" { // the client would then log in without the user, too
		return nil, errNoPassword
	}
	o := &redis.Options{
		Network: "tcp", Addr: net.JoinHostPort(a.Host, strconv.Itoa(a.Port)), Username: a.User, Password: a.Password, DB: a.DB,
		DialTimeout: a.DialTimeout, ReadTimeout: readWithin, WriteTimeout: readWithin, ContextTimeoutEnabled: true,
		DisableIdentity: true, // so that an ACL for a queue need not allow CLIENT SETINFO
	}
	switch a.Scheme {
	case "unix":
		o.Network, o.Addr = "unix", a.Socket
	case "rediss":
		o.TLSConfig, err = a.tls()
	}
	return o, err
}

func (a Address) tls() (*tls.Config, error) {
	config := &tls.Config{ServerName: a.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: a.SkipVerify}
	if a.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(a.CAFile)
	if err != nil {
		return nil, fmt.Errorf("--redis: the option \"ca_file\": %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--redis: the option \"ca_file\": %s holds no certificate in PEM", a.CAFile)
	}
	return config, nil
}

// password returns the password from the environment, or from the file that it names.
func password() (string, error) {
	if p := os.Getenv(PasswordVariable); p != "" {
		if !utf8.ValidString(p) {
			return "", errors.New(PasswordVariable + ": it is not in UTF-8")
		}
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
	p := strings.Trim(string(b), " \t\r\n")
	if p == "" || !utf8.ValidString(p) {
		return "", fmt.Errorf("%s: want a password in UTF-8 in %s", PasswordFileVariable, name)
	}
	return p, nil
}
