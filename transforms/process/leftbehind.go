package process

import "time"

// abandonedAfter is when an unfinished file counts as left behind if nobody here can tell
// whether its writer has ended.
const abandonedAfter = 24 * time.Hour

// LeftBehind reports whether the writer of an unfinished file is gone. age is that of its last
// write. Where its PID means something the process itself decides, however old the file is.
// Elsewhere, and for names that do not say it, only the age can: a day without a write.
func LeftBehind(writer ID, here string, ended func(ID) bool, age time.Duration) bool {
	if writer.Place == here {
		return ended(writer)
	}
	return age.Abs() > abandonedAfter // from the future, too: the clock may have been set back
}
