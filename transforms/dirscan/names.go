package dirscan

// Names collects names that share one piece of memory.
type Names struct {
	bytes []byte
	ends  []int
}

// Add appends a copy of name.
func (n *Names) Add(name []byte) {
	n.bytes = append(n.bytes, name...)
	n.ends = append(n.ends, len(n.bytes))
}

// Strings returns the names in the order in which they were added.
func (n *Names) Strings() []string {
	if len(n.ends) == 0 {
		return nil
	}
	all := string(n.bytes)
	names := make([]string, len(n.ends))
	start := 0
	for i, end := range n.ends {
		names[i] = all[start:end]
		start = end
	}
	return names
}
