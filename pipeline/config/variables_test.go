package config

import (
	"bytes"
	"slices"
	"testing"
)

func TestVariablesThatAreNoSettingsAreTold(t *testing.T) {
	got := UnknownVariables([]string{
		"THREADLOOM_SUFIX=x", "THREADLOOM_SUFFIX=x", "THREADLOOM_REDIS_PASSWORD=x", "THREADLOOM_NAME_KEY=x", "PATH=/bin", "THREADLOOM_Suffix=x",
		"THREADLOOM_CORPUS=/corpus", "THREADLOOM_FLINK_SERVICE_HOST=10.0.0.1", "THREADLOOM_FLINK_PORT_8081_TCP_ADDR=10.0.0.1",
		"THREADLOOM_PORT=tcp://10.0.0.1:80", "THREADLOOM_SERVICE_PORT_HTTP=80", "THREADLOOM_REPORT=x",
	})
	if want := []string{"THREADLOOM_REPORT", "THREADLOOM_SUFIX", "THREADLOOM_Suffix"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAWarningProposesTheVariableThatIsMeant(t *testing.T) {
	var errs bytes.Buffer
	WarnUnknown(&errs, []string{"THREADLOOM_SUFIX=secret", "THREADLOOM_REDIS_PASWORD=secret", "THREADLOOM_SOMETHING_ELSE=secret"})
	want := "warning: THREADLOOM_REDIS_PASWORD is in the environment but is not a setting (did you mean THREADLOOM_REDIS_PASSWORD?); " +
		"THREADLOOM_SOMETHING_ELSE is in the environment but is not a setting; " +
		"THREADLOOM_SUFIX is in the environment but is not a setting (did you mean THREADLOOM_SUFFIX?)\n"
	if errs.String() != want {
		t.Errorf("got %q, want %q", errs.String(), want)
	}
	errs.Reset()
	if WarnUnknown(&errs, []string{"THREADLOOM_SUFFIX=x"}); errs.Len() > 0 {
		t.Errorf("a right one gives %q", errs.String())
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"suffix", "sufix", 1}, {"score", "scroe", 2}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
