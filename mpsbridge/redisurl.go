package mpsbridge

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Address is what a Redis URL says.
type Address struct {
	Scheme      string // redis, rediss or unix
	User        string
	Password    string
	Host        string
	Port        int
	Socket      string // path of a Unix socket, in place of host and port
	DB          int
	DialTimeout time.Duration
	SkipVerify  bool   // of rediss: take any certificate
	CAFile      string // of rediss: PEM file of the authorities to trust
}

// The errors of ParseURL hold no part of a URL that may be a password. They are the same
// in worker/redisurl.py, word for word: golden/redisurls.json holds both to it.
var (
	errForm      = errors.New("want redis://[user[:password]@]host[:port][/db], rediss:// for TLS, or unix:///path")
	errBlank     = errors.New("it holds a blank or a control character: percent-encode it (a blank is %20)")
	errAmbiguous = errors.New("it can be read in more than one way: percent-encode # as %23, / as %2F, ? as %3F and @ as %40 in user, password and file names")
	errPercent   = errors.New("a % must be followed by two hex digits: percent-encode % itself as %25")
	errUTF8      = errors.New("it is not in UTF-8")
	errHost      = errors.New("the host is neither a name nor an address (IPv6 addresses are in brackets)")
	errPort      = errors.New("the port is not a number from 1 to 65535")
	errDB        = errors.New("the database is not a number")
	errTwoDBs    = errors.New("the database is given twice, as /db and as ?db=")
)

const (
	defaultHost  = "localhost"
	defaultPort  = 6379
	knownOptions = "db, dial_timeout, ca_file and skip_verify"
)

var (
	hostText   = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)
	numberText = regexp.MustCompile(`^[0-9]{1,9}$`)
	optionText = regexp.MustCompile(`^[a-z_]{1,40}$`) // anything else may be part of a password
)

// ParseURL reads a Redis URL. It refuses URLs that net/url and Python's urllib read in different
// ways, because they may take a part of the password for the host.
func ParseURL(text string) (Address, error) {
	a := Address{DialTimeout: dialWithin}
	if !utf8.ValidString(text) {
		return a, errUTF8
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return a, errBlank
	}
	scheme, rest, found := strings.Cut(text, "://")
	a.Scheme = strings.ToLower(scheme)
	if !found || a.Scheme != "redis" && a.Scheme != "rediss" && a.Scheme != "unix" {
		return a, errForm
	}
	before, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(before, "/")
	if strings.Contains(rest, "#") || strings.Count(authority, "@") > 1 || strings.Contains(path+query, "@") {
		return a, errAmbiguous
	}
	place := authority
	if userinfo, after, found := strings.Cut(authority, "@"); found {
		place = after
		if err := a.setUser(userinfo); err != nil {
			return a, err
		}
	}
	set := a.setHost
	if a.Scheme == "unix" {
		set = a.setSocket
	}
	if err := set(place, path); err != nil {
		return a, err
	}
	return a, a.setOptions(query, a.Scheme != "unix" && path != "")
}

// decoded undoes percent-encoding.
func decoded(text string) (string, error) {
	plain, err := url.PathUnescape(text)
	if err != nil {
		return "", errPercent
	}
	if !utf8.ValidString(plain) {
		return "", errUTF8
	}
	return plain, nil
}

func (a *Address) setUser(userinfo string) (err error) {
	user, password, _ := strings.Cut(userinfo, ":")
	if a.User, err = decoded(user); err != nil {
		return err
	}
	a.Password, err = decoded(password)
	return err
}

func (a *Address) setSocket(place, path string) (err error) {
	a.Socket, err = decoded("/" + path)
	if err == nil && (place != "" || path == "" || strings.Contains(a.Socket, "\x00")) {
		return errForm
	}
	return err
}

func (a *Address) setHost(place, path string) error {
	host, port, named := strings.Cut(place, ":")
	if inner, isIPv6 := strings.CutPrefix(place, "["); isIPv6 {
		var after string
		host, after, isIPv6 = strings.Cut(inner, "]")
		ip, err := netip.ParseAddr(host)
		if !isIPv6 || err != nil || !ip.Is6() || ip.Zone() != "" || after != "" && after[0] != ':' {
			return errHost
		}
		port, named = strings.CutPrefix(after, ":")
	} else if !hostText.MatchString(host) {
		return errHost
	}
	a.Host, a.Port = host, defaultPort
	if host == "" {
		a.Host = defaultHost
	}
	if named && port != "" {
		a.Port, _ = strconv.Atoi(port)
		if !numberText.MatchString(port) || a.Port < 1 || a.Port > 65535 {
			return errPort
		}
	}
	if path == "" {
		return nil
	}
	return a.setDB(path)
}

func (a *Address) setDB(text string) (err error) {
	if !numberText.MatchString(text) {
		return errDB
	}
	a.DB, err = strconv.Atoi(text)
	return err
}

// setOptions reads what follows the "?".
func (a *Address) setOptions(query string, hasDB bool) error {
	seen := map[string]bool{}
	for option := range strings.SplitSeq(query, "&") {
		if query == "" {
			break
		}
		name, text, _ := strings.Cut(option, "=")
		value, err := decoded(text)
		switch {
		case seen[name]:
			err = fmt.Errorf("the option %q is given twice", name)
		case err != nil:
		case name == "db" && hasDB:
			err = errTwoDBs
		default:
			err = a.setOption(name, value)
		}
		if err != nil {
			return err
		}
		seen[name] = true
	}
	return nil
}

func (a *Address) setOption(name, value string) error {
	if (name == "ca_file" || name == "skip_verify") && a.Scheme != "rediss" {
		return fmt.Errorf("the option %q is for rediss:// only", name)
	}
	switch name {
	case "db":
		return a.setDB(value)
	case "dial_timeout":
		d, err := ParseDuration(value)
		if err != nil || d < time.Millisecond {
			return fmt.Errorf("the option %q: %w, at least 1ms", name, errDuration)
		}
		a.DialTimeout = d
	case "ca_file":
		if value == "" || strings.Contains(value, "\x00") {
			return fmt.Errorf("the option %q: want a file", name)
		}
		a.CAFile = value
	case "skip_verify":
		if value != "true" && value != "false" {
			return fmt.Errorf("the option %q: want true or false", name)
		}
		a.SkipVerify = value == "true"
	default:
		if !optionText.MatchString(name) {
			return fmt.Errorf("an option is unknown: known are %s", knownOptions)
		}
		return fmt.Errorf("there is no option %q: known are %s", name, knownOptions)
	}
	return nil
}

// Redacted returns a Redis URL with its password masked. It masks a URL that it cannot
// read as a whole, because it does not know which part is the password.
func Redacted(text string) string {
	a, err := ParseURL(text)
	if err != nil {
		return "(not a Redis URL)"
	}
	if a.Password == "" {
		return text
	}
	at := strings.Index(text, "@")
	colon := strings.Index(text, "://") + len("://")
	colon += strings.Index(text[colon:], ":")
	return text[:colon] + ":xxxxx" + text[at:]
}
