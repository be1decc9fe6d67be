#!/bin/sh
# Put the native libraries into build/lib: libtokenizers.a, built from the Go
# module's own Rust source, and ONNX Runtime's shared library, taken out of its
# wheel. Run by 'make setup' from the repository's top folder.
set -eu

LIB=build/lib
mkdir -p "$LIB" build/tmp
rm -f "$LIB/ready.h"

tokenizers() {
	source=$(go mod download -json github.com/daulet/tokenizers | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
	rm -rf build/tmp/tokenizers
	cp -R "$source" build/tmp/tokenizers
	chmod -R u+w build/tmp/tokenizers
	# The module asks for tiktoken-rs from a git branch, which needs more than
	# crates.io; the release does for us, who load Hugging Face tokenizers only.
	sed 's|^tiktoken-rs = .*|tiktoken-rs = "0.9.1"|' "$source/Cargo.toml" > build/tmp/tokenizers/Cargo.toml
	cp models/native/tokenizers.Cargo.lock build/tmp/tokenizers/Cargo.lock
	(cd build/tmp/tokenizers && cargo build --release --locked --quiet)
	cp build/tmp/tokenizers/target/release/libtokenizers.a "$LIB/"
	rm -rf build/tmp/tokenizers
}

onnxruntime() {
	rm -rf build/tmp/onnxruntime
	.venv/bin/python -m pip download --quiet --no-deps --only-binary :all: --require-hashes \
		-r requirements/onnxruntime.txt -d build/tmp/onnxruntime
	.venv/bin/python - "$LIB/libonnxruntime.so" <<-'EOF'
		import glob, sys, zipfile
		wheel = zipfile.ZipFile(glob.glob("build/tmp/onnxruntime/*.whl")[0])
		inside = [n for n in wheel.namelist() if n.startswith("onnxruntime/capi/libonnxruntime.")]
		if len(inside) != 1:
		    sys.exit(f"error: expected one libonnxruntime in the wheel, found {inside}")
		with open(sys.argv[1], "wb") as out:
		    out.write(wheel.read(inside[0]))
	EOF
	rm -rf build/tmp/onnxruntime
}

[ -f "$LIB/libtokenizers.a" ] && [ "$LIB/libtokenizers.a" -nt models/native/tokenizers.Cargo.lock ] || tokenizers
[ -f "$LIB/libonnxruntime.so" ] && [ "$LIB/libonnxruntime.so" -nt requirements/onnxruntime.txt ] || onnxruntime
echo '/* Set-up is complete; models/native.go looks for this file. */' > "$LIB/ready.h"
