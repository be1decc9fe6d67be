"""What each cluster is about: its words, its name, its typical chains."""
