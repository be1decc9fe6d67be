package models_test

import (
	"context"
	"fmt"
	"log"

	"github.com/threadloom/threadloom/models"
)

// The model folder is the one that set-up makes. Similar texts have vectors with a large cosine.
func ExampleOpen() {
	engine, err := models.Open(models.Config{Folder: "../build/models/all-MiniLM-L6-v2"})
	if err != nil {
		log.Fatal(err)
	}
	texts := []string{"The chain skips in the lowest gear.", "My bike slips out of first gear.", "How long does sourdough rise?"}
	result, err := engine.Embed(context.Background(), texts)
	if err != nil {
		log.Fatal(err)
	}
	n := engine.Folder.Dimension
	vector := func(i int) []float32 { return result.Vectors[i*n : (i+1)*n] }
	fmt.Println(n, models.Cosine(vector(0), vector(1)) > models.Cosine(vector(0), vector(2)))
	// Output: 384 true
}
