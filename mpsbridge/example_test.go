package mpsbridge_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
)

// A producer puts jobs into the queue and waits for events. A job is done when its output exists.
func ExampleQueue() {
	ctx := context.Background()
	queue, err := mpsbridge.Open(ctx, "redis://127.0.0.1:6379", mpsbridge.DefaultQueue)
	if err != nil {
		log.Fatal(err)
	}
	job, err := mpsbridge.Job{InputPath: "/data/chains/a.parquet", OutputPath: "/data/embeddings/a.parquet"}.Raw()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Enqueue(ctx, []string{job}, false); err != nil {
		log.Fatal(err)
	}
	events, _, err := queue.Events(ctx, "", time.Minute)
	for _, e := range events {
		fmt.Println(e.Kind, e.Job)
	}
	if err := errors.Join(err, queue.Close()); err != nil {
		log.Fatal(err)
	}
}

func ExampleParseURL() {
	address, err := mpsbridge.ParseURL("redis://node1:6380/2?dial_timeout=3s")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(address.Host, address.Port, address.DB, address.DialTimeout)
	// Output: node1 6380 2 3s
}
