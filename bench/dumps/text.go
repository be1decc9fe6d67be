package main

import (
	_ "embed"
	"math/rand/v2"
	"strings"
)

//go:embed words.txt
var wordList string

// A topic is what the posts of a subreddit are about, so that a map of them has clusters.
type topic struct {
	name  string
	words []string
}

// readTopics returns the words that every post uses, and the topics.
func readTopics() (common []string, topics []topic) {
	for line := range strings.Lines(wordList) {
		words := strings.Fields(line)
		topics = append(topics, topic{words[0], words[1:]})
	}
	return topics[0].words, topics[1:]
}

// inserts are put between plain words, as JSON writes them.
var inserts = []string{
	`\n\n`, `\n\n`, `\r\n`, ` &amp; `, ` &gt;&lt; `, ` &amp;lt; `, `\n\n&gt; `, ` \ud83d\ude80 `, ` \u00e9t\u00e9 `, ` naïve `, ` \"`,
	` \\ `, ` \/ `, `\t`,
}

// damages are texts that a decoder must replace: half of a surrogate pair, NUL, and bytes that are not UTF-8.
var damages = []string{` \ud83d `, ` \u0000 `, " \xff\xe2\x82 "}

// appendText appends n words as a JSON string has them.
func (g *generator) appendText(to []byte, about topic, n int) []byte {
	for i := range n {
		word := pick(g.random, g.common)
		if g.random.IntN(2) == 0 {
			word = pick(g.random, about.words)
		}
		switch {
		case i > 0 && g.random.IntN(150) == 0:
			to = append(to, pick(g.random, inserts)...)
		case i > 0 && g.random.IntN(5000) == 0:
			to = append(to, pick(g.random, damages)...)
		case i > 0 && g.random.IntN(12) == 0:
			to = append(to, ". "...)
		case i > 0:
			to = append(to, ' ')
		}
		to = append(to, word...)
	}
	return to
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }
