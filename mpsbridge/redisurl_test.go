package mpsbridge

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// urlRow is a row of golden/redisurls.json. A key that it leaves out has its default.
type urlRow struct {
	URL, Scheme, User, Password, Host, Socket, Error string
	Port, DB                                         int
	DialTimeout                                      float64 `json:"dial_timeout"`
	CAFile                                           string  `json:"ca_file"`
	SkipVerify                                       bool    `json:"skip_verify"`
}

func TestURLsAreReadAsTheGoldenOnes(t *testing.T) {
	var rows []urlRow
	golden(t, "redisurls.json", &rows)
	for _, want := range rows {
		got, err := ParseURL(want.URL)
		if want.Error != "" {
			if err == nil || err.Error() != want.Error {
				t.Errorf("%q: error %v, want %q", want.URL, err, want.Error)
			}
			continue
		}
		wait := dialWithin
		if want.DialTimeout != 0 {
			wait = time.Duration(want.DialTimeout * float64(time.Second))
		}
		address := Address{
			Scheme: want.Scheme, User: want.User, Password: want.Password, Host: want.Host, Port: want.Port, Socket: want.Socket,
			DB: want.DB, DialTimeout: wait, SkipVerify: want.SkipVerify, CAFile: want.CAFile,
		}
		if err != nil || got != address {
			t.Errorf("%q: got %+v, error %v, want %+v", want.URL, got, err, address)
		}
	}
}

func TestDurationsAreTheGoldenOnes(t *testing.T) {
	var rows []struct {
		Text, Error string
		Seconds     float64
	}
	golden(t, "durations.json", &rows)
	for _, want := range rows {
		got, err := ParseDuration(want.Text)
		if want.Error != "" {
			if err == nil || err.Error() != want.Error {
				t.Errorf("%q: got %v, error %v, want %q", want.Text, got, err, want.Error)
			}
		} else if err != nil || got.Seconds() != want.Seconds {
			t.Errorf("%q: got %v, error %v, want %g s", want.Text, got, err, want.Seconds)
		}
	}
}

// mustBeEncoded are the ASCII characters that are refused in a password as they are.
const mustBeEncoded = "#/?@%"

func TestAPasswordIsUnderstoodOrRefusedAndNeverShown(t *testing.T) {
	for c := range rune(0x80) {
		password := fmt.Sprintf("left%cright", c)
		got, err := ParseURL("redis://me:" + password + "@node1")
		if c <= ' ' || c == 0x7f || strings.ContainsRune(mustBeEncoded, c) {
			if err == nil || strings.Contains(err.Error(), "left") || strings.Contains(err.Error(), "right") {
				t.Errorf("%q as it is: got %+v, error %v", c, got, err)
			}
		} else if err != nil || got.Password != password || got.Host != "node1" {
			t.Errorf("%q as it is: got %+v, error %v", c, got, err)
		}
		encoded := "redis://me:left" + fmt.Sprintf("%%%02X", c) + "right@node1"
		if got, err = ParseURL(encoded); err != nil || got.Password != password {
			t.Errorf("%q encoded: got %+v, error %v", c, got, err)
		}
		for _, shown := range []string{"redis://me:" + password + "@node1", encoded} {
			if shown = Redacted(shown); strings.Contains(shown, "left") || strings.Contains(shown, "right") {
				t.Errorf("%q: the password is shown as %q", c, shown)
			}
		}
	}
	if got := Redacted("rediss://m%40e:se%40cret@node1:6380/2?db=1"); got != "(not a Redis URL)" {
		t.Errorf("a wrong URL is shown as %s", got)
	}
	if got := Redacted("rediss://m%40e:se%40cret@node1:6380/2"); got != "rediss://m%40e:xxxxx@node1:6380/2" {
		t.Errorf("got %s", got)
	}
}

func TestOpenNamesTheSettingThatIsWrong(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ url, passwordFile, want string }{
		{"redis://me:sec/ret@node1", "", "--redis: it can be read in more than one way"},
		{"redis://me@127.0.0.1:1", "", "put the password into " + PasswordVariable},
		{"redis://127.0.0.1:1", folder + "/missing", PasswordFileVariable + ": open"},
		{"redis://127.0.0.1:1", file("empty", "\n"), PasswordFileVariable + ": want a password"},
		{"redis://127.0.0.1:1", file("latin1", "secr\xe4t"), PasswordFileVariable + ": want a password"},
		{"rediss://127.0.0.1:1?ca_file=" + folder + "/missing", "", `"ca_file": open`},
		{"rediss://127.0.0.1:1?ca_file=" + file("no.pem", "secret"), "", "holds no certificate"},
		{"redis://me:secret@127.0.0.1:1", "", "redis at 127.0.0.1:1 does not answer"},
		{"unix://" + folder + "/no.sock", "", "no.sock does not answer"},
	} {
		t.Setenv(PasswordVariable, "")
		t.Setenv(PasswordFileVariable, c.passwordFile)
		_, err := Open(context.Background(), c.url, "q")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "sec") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q and no password", c.url, err, c.want)
		}
	}
}

func TestAPasswordWithEachSpecialCharacterLogsIn(t *testing.T) {
	s := startRedis(t)
	ctx := context.Background()
	q := s.open(t)
	password := `a#b/c@d?e%f:g h"i\j[k]`
	if err := q.client.Do(ctx, append([]any{"ACL", "SETUSER", "m@c", "on", ">" + password}, documentedACL(t, "q")...)...).Err(); err != nil {
		t.Fatal(err)
	}
	mac, err := Open(ctx, "redis://"+url.QueryEscape("m@c")+":"+strings.ReplaceAll(url.QueryEscape(password), "+", "%20")+"@"+s.Address, "q")
	if err != nil {
		t.Fatal(err)
	}
	if err := mac.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv(PasswordVariable, password)
	mac, err = Open(ctx, "redis://m%40c@"+s.Address+"?dial_timeout=2s", "q")
	if err != nil {
		t.Fatal(err)
	}
	if err := mac.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("redis://me:secret@node1:6379/1?dial_timeout=3s")
	f.Add("unix://me@/run/redis.sock?db=1")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseURL(text)
		if err != nil {
			if shown := Redacted(text); shown != "(not a Redis URL)" {
				t.Fatalf("%q is shown as %q", text, shown)
			}
			return
		}
		again, err := ParseURL(Redacted(text))
		if a.Password != "" {
			a.Password = "xxxxx"
		}
		if err != nil || again != a {
			t.Fatalf("%q is shown as %q: %+v, %v", text, Redacted(text), again, err)
		}
	})
}
