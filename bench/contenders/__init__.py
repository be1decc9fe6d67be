"""What `bench/child.py` can run: a module a contender, each with `load(*arguments)`."""
