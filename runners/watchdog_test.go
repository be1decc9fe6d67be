package runners

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeFlink answers as Flink's REST interface does. It has one answer for each question about
// the job, and repeats the last one.
type fakeFlink struct {
	mu       sync.Mutex
	answers  []string // a state, a status such as 503, or "" for a job that is not there
	canceled []string // the paths of what was to be cancelled
}

func (f *fakeFlink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodPatch {
		f.canceled = append(f.canceled, r.URL.Path)
		return
	}
	answer := f.answers[0]
	if len(f.answers) > 1 {
		f.answers = f.answers[1:]
	}
	switch answer {
	case "503":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "":
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = fmt.Fprintf(w, `{"jid": "ours", "name": "a", "state": %q}`, answer)
	}
}

func TestAJobIsCancelledByItsNumberWhateverFlinkAnswersMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string
		cancels int
	}{
		"it runs":                     {[]string{"RUNNING", "CANCELLING", "CANCELED"}, 1},
		"it is over":                  {[]string{"FINISHED"}, 0},
		"it was never there":          {[]string{""}, 0},
		"it appears late":             {[]string{"", "", "CREATED", "RUNNING", "CANCELED"}, 2},
		"Flink does not answer first": {[]string{"503", "503", "503", "503", "503", "RUNNING", "CANCELED"}, 1},
		"Flink does not answer later": {[]string{"RUNNING", "503", "503", "CANCELLING", "CANCELED"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flink := &fakeFlink{answers: c.answers}
			server := httptest.NewServer(flink)
			defer server.Close()
			if err := cancelJob(t.Context(), flinkREST(strings.TrimPrefix(server.URL, "http://")), "ours"); err != nil {
				t.Fatal(err)
			}
			if len(flink.canceled) != c.cancels || slices.ContainsFunc(flink.canceled, func(p string) bool { return p != "/jobs/ours" }) {
				t.Errorf("cancelled %q, want the job %d times", flink.canceled, c.cancels)
			}
		})
	}
}
