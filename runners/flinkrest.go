package runners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// restTimeout bounds one question to Flink.
const restTimeout = 5 * time.Second

// flinkREST is HOST:PORT of Flink's REST address.
type flinkREST string

// errNoJob says that Flink does not know a job.
var errNoJob = errors.New("no such job")

// flinkState is a job's state, in Flink's words.
type flinkState string

// running reports whether the job may still do something.
func (s flinkState) running() bool {
	switch s {
	case "FINISHED", "FAILED", "CANCELED", "SUSPENDED":
		return false
	}
	return true
}

// version asks whether there is a Flink, and which.
func (f flinkREST) version(ctx context.Context) (string, error) {
	var answer struct {
		Version string `json:"flink-version"`
	}
	if err := f.ask(ctx, http.MethodGet, "/config", &answer); err != nil {
		return "", err
	}
	if answer.Version == "" {
		return "", errors.New("the server there is not Flink")
	}
	return answer.Version, nil
}

// state asks for a job's state; errNoJob if Flink does not know the job.
func (f flinkREST) state(ctx context.Context, id string) (flinkState, error) {
	var answer struct {
		State flinkState `json:"state"`
	}
	err := f.ask(ctx, http.MethodGet, "/jobs/"+id, &answer)
	return answer.State, err
}

func (f flinkREST) cancel(ctx context.Context, id string) error {
	return f.ask(ctx, http.MethodPatch, "/jobs/"+id+"?mode=cancel", nil)
}

func (f flinkREST) ask(ctx context.Context, method, path string, answer any) (err error) {
	ctx, stop := context.WithTimeout(ctx, restTimeout)
	defer stop()
	base := string(f)
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode == http.StatusNotFound {
		return errNoJob
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(response.Body, 16<<20)).Decode(answer)
}
