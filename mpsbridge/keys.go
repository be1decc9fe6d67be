package mpsbridge

// DefaultQueue is the name of the todo list if nobody chooses one.
const DefaultQueue = "phase4_todo_queue"

// keys are the names of a queue's keys in Redis: the queue's own name and names
// that begin with it and a colon, so that an ACL can be limited to them. The Python
// worker has the same (worker/keys.py); golden/keys.json holds both to it.
type keys struct{ queue string }

// todo is a LIST of jobs, taken from the head.
func (k keys) todo() string { return k.queue }

// workers is a ZSET: worker → end of its lease, ms.
func (k keys) workers() string { return k.queue + ":workers" }

// lists is a ZSET: worker → last sign of life, ms. It outlives the lease: a job may
// reach the list of a worker that is gone, by a connection that is half open.
func (k keys) lists() string { return k.queue + ":lists" }

// active is the LIST of jobs that a worker holds; active("") is what their names begin with.
func (k keys) active(worker string) string { return k.queue + ":active:" + worker }

// begun is a HASH: sha1 of a job → when a worker began it, ms.
func (k keys) begun() string { return k.queue + ":begun" }

// delayed is a ZSET: job → when it is due again, ms.
func (k keys) delayed() string { return k.queue + ":delayed" }

// attempts is a HASH: sha1 of a job → attempts that failed.
func (k keys) attempts() string { return k.queue + ":attempts" }

// dead is a HASH: job → {attempts, code, reason, worker, at}; code is one of transforms/deadletter.
func (k keys) dead() string { return k.queue + ":dead" }

// replace is a SET: sha1 of each job whose file has an output that is to be replaced.
func (k keys) replace() string { return k.queue + ":replace" }

// rows is a HASH: worker → "ROWS MS", what it has embedded and how long that took.
func (k keys) rows() string { return k.queue + ":rows" }

// events is a STREAM of what happened, the last ten thousand or so.
func (k keys) events() string { return k.queue + ":events" }

// roots is a HASH: output folder of a run → its settings.
func (k keys) roots() string { return k.queue + ":roots" }

// enqueuing is a STRING: the token of the producer whose turn it is. It expires.
func (k keys) enqueuing() string { return k.queue + ":enqueuing" }
