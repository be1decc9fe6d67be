#!/bin/sh
# Say what set-up needs and this machine lacks, one line for each.
missing=0
need() { # command, what to install
	command -v "$1" > /dev/null 2>&1 && return
	echo "error: $1 is missing: $2" >&2
	missing=1
}
need go "install Go $(sed -n 's/^go //p' go.mod) or later from https://go.dev/dl/"
need cargo "install Rust: apt-get install cargo, or https://rustup.rs"
need cc "install a C compiler: apt-get install gcc"
need python3 "install Python 3.11 or later: apt-get install python3 python3-venv"
if command -v python3 > /dev/null 2>&1; then
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
		{ echo "error: python3 is older than 3.11: apt-get install python3.11" >&2; missing=1; }
	python3 -c 'import venv, ensurepip' 2> /dev/null ||
		{ echo "error: python3 cannot make virtual environments: apt-get install python3-venv" >&2; missing=1; }
fi
exit $missing
