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
//   - fenced: what a worker is whose lease has ended. It finds out at its next
//     heartbeat, begin or ack, and goes on under a new name.
//   - attempt: a try that failed, or a worker that was lost over it. After the last one
//     a job is dead: kept with the reason until somebody retries or drops it.
//   - code: why a job failed, for programs: one of those of transforms/deadletter, which
//     golden/codes.json holds the worker to. A job that no attempt can mend, such as a file
//     that is not Parquet, is dead after the first one.
//   - to give back: to put a job back without an attempt, because this worker stops or
//     does not see the file's folder.
//   - to withdraw: to take a job that no worker has begun out of the queue again.
//   - turn: one producer at a time reads all lists, in pages, and puts in what is in none.
//     The lists alone say what is listed: plain producers and consumers keep no other books.
//   - to replace: to embed a file although it has an output. A worker takes an output for
//     done unless the job is in this set.
//   - root: the output folder of a run. Workers learn the run's settings by it, and
//     know that they see the same folder by a secret in it, the nonce.
//
// Redis only coordinates: a job is done when its output exists (a new one, if it was to
// be replaced), and whatever Redis forgets is put in again by who wants the file.
package mpsbridge
