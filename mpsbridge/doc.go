// Package mpsbridge hands files to workers on other machines through Redis and
// loses none of them. worker/ is the Python worker; both sides share the scripts
// in scripts/ and the golden files in golden/.
//
//   - job: one file to embed, a JSON object of exactly input_path and output_path,
//     absolute paths as the producer sees them. Its bytes are its identity.
//   - todo: the list that has the queue's name. A plain RPUSH is a producer, a plain
//     BLPOP a consumer.
//   - worker: a process with a name of its own, a lease and a list of the jobs that it
//     holds. A lease ends unless the worker's heartbeat renews it; all times are Redis's.
//   - to reap: to put the jobs of workers whose lease has ended back into todo, and
//     those whose delay is over. Anybody may, at any time.
//   - fenced: a worker is fenced if its lease has ended. It finds out at its next
//     heartbeat, begin or ack, and goes on under a new name.
//   - attempt: a try that failed, or a worker that was lost over it. After the last one
//     a job is dead: kept with the reason until somebody retries or drops it.
//   - code: the reason of a failure, for programs. It is one of the codes of
//     transforms/deadletter, and golden/codes.json holds the worker to the same ones. A job
//     that no further attempt can mend is dead after the first one: its file may not be Parquet.
//   - to give back: to put a job back without an attempt, because this worker stops or
//     does not see the file's folder.
//   - to withdraw: to take a job that no worker has begun out of the queue again.
//   - turn: one producer at a time reads all lists, in pages, and puts in what is in none.
//     The lists alone say what is listed: plain producers and consumers keep no other books.
//   - to replace: to embed a file although it has an output. A worker takes an output for
//     done unless the job is in this set.
//   - root: the output folder of a run. Redis holds the run's settings under its name.
//     A secret in a file there, the nonce, shows workers that they see the same folder.
//
// Redis only coordinates. A job is done when its output exists (a new one, if it was to
// be replaced). If Redis forgets a job, whoever wants the file puts it in again.
package mpsbridge
