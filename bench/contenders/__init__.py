"""The contenders that `bench/child.py` can run; each module has `load(*arguments)`."""
