package main

import (
	"embed"
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
	marks               bool   // has _meta
	comment, submission shape
}

var eras = []era{
	{from: "2005-01", created: "%d", comment: load("comment_2005"), submission: load("submission_2005")},
	{from: "2007-11", created: `"%d"`, comment: load("comment_2009"), submission: load("submission_2009")},
	{from: "2015-12", created: "%d", comment: load("comment_2018"), submission: load("submission_2005")},
	{from: "2020-01", created: "%d", comment: load("comment_2020"), submission: load("submission_2020")},
	{from: "2023-11", created: "%d.0", marks: true, comment: load("comment_2023"), submission: load("submission_2023")},
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
	for i, part := range s {
		if i%2 == 0 {
			to = append(to, part...)
			continue
		}
		switch part {
		case "id":
			to = strconv.AppendUint(to, p.id, 36)
		case "link":
			to = strconv.AppendUint(to, p.link, 36)
		case "parent":
			to = append(to, p.parent...)
		case "created":
			before, after, _ := strings.Cut(created, "%d")
			to = append(to, before...)
			to = strconv.AppendInt(to, p.time, 10)
			to = append(to, after...)
		case "time":
			to = strconv.AppendInt(to, p.time, 10)
		case "retrieved":
			to = strconv.AppendInt(to, p.retrieved, 10)
		case "subreddit":
			to = append(to, p.subreddit...)
		case "author":
			to = append(to, p.author...)
		case "score":
			to = append(to, p.score...)
		case "meta":
			to = append(to, p.meta...)
		case "title":
			to = append(to, p.title...)
		case "text":
			to = append(to, p.text...)
		default:
			panic("a shape has the unknown field " + part)
		}
	}
	return to
}
