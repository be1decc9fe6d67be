package main

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"
)

//go:embed shapes/*.txt
var shapeFiles embed.FS

// An era is a time in which dumps looked alike.
type era struct {
	from                string // its first month
	created             string // how created_utc is written; %d is the second
	meta                bool   // has _meta
	comment, submission shape
}

var eras = []era{
	{from: "2005-01", created: "%d", comment: load("comment_2005"), submission: load("submission_2005")},
	{from: "2007-11", created: `"%d"`, comment: load("comment_2009"), submission: load("submission_2009")},
	{from: "2015-12", created: "%d", comment: load("comment_2018"), submission: load("submission_2005")},
	{from: "2020-01", created: "%d", comment: load("comment_2020"), submission: load("submission_2020")},
	{from: "2023-11", created: "%d.0", meta: true, comment: load("comment_2023"), submission: load("submission_2023")},
}

// eraOf returns the last era that has begun in a month.
func eraOf(month time.Time) era {
	found := eras[0]
	for _, e := range eras {
		if e.from <= month.Format(monthForm) {
			found = e
		}
	}
	return found
}

// A shape is a line of JSON in parts: text, the name of a field, text, the name of a field, …, text.
type shape []string

func load(name string) shape {
	line, err := shapeFiles.ReadFile("shapes/" + name + ".txt")
	if err != nil {
		panic(err) // it is part of the program
	}
	return strings.Split(strings.TrimSpace(string(line)), "@")
}

// A post is what differs from line to line. parent, score and meta are written as they are.
type post struct {
	submission          bool
	id, link            uint64
	time, retrieved     int64
	subreddit, author   string
	parent, score, meta string
	title, text         []byte
}

// appendLine appends the post as a line without its end.
func (s shape) appendLine(to []byte, p *post, created string) []byte {
	fields := map[string]string{
		"id": strconv.FormatUint(p.id, 36), "link": strconv.FormatUint(p.link, 36), "parent": p.parent,
		"created": fmt.Sprintf(created, p.time), "time": strconv.FormatInt(p.time, 10),
		"retrieved": strconv.FormatInt(p.retrieved, 10), "subreddit": p.subreddit, "author": p.author,
		"score": p.score, "meta": p.meta, "title": string(p.title), "text": string(p.text),
	}
	for i, part := range s {
		if i%2 == 1 {
			field, found := fields[part]
			if !found {
				panic("a shape has the unknown field " + part)
			}
			part = field
		}
		to = append(to, part...)
	}
	return to
}
