package watch

import "testing"

// The counters are read one after the other while files end, so tokens may be counted before rows.
func TestTokensThatComeBeforeTheirRows(t *testing.T) {
	var p Progress
	if got := p.below(State{Missing: 2, tokens: 5}); got != "" {
		t.Errorf("below the bar stands %q", got)
	}
}
