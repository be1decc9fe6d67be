#!/bin/sh
# Put ONNX Runtime with the OpenVINO provider into build/lib/openvino: 130 MB of
# libraries, taken out of the wheel. Each looks for the others in its own folder
# ($ORIGIN). Run by 'make setup'. There is a package for Linux on x86-64 only.
# Other machines use ONNX Runtime's own CPU provider.
set -eu

LIB=build/lib/openvino
rm -rf build/tmp/openvino "$LIB"
mkdir -p "$LIB"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
	echo "no OpenVINO for $(uname -sm): fp32 runs on ONNX Runtime's CPU provider, there is no bf16"
	echo "none" > "$LIB/ready"
	exit 0
fi
.venv/bin/python -m pip download --quiet --no-deps --only-binary :all: --require-hashes \
	-r requirements/openvino.txt -d build/tmp/openvino
.venv/bin/python - "$LIB" <<'END'
import glob, pathlib, sys, zipfile

WANTED = {
    "libonnxruntime.so.1.24.1": "libonnxruntime.so",
    "libonnxruntime_providers_openvino.so": None,
    "libonnxruntime_providers_shared.so": None,
    "libopenvino.so.2541": None,
    "libopenvino_onnx_frontend.so.2541": None,
    "libopenvino_intel_cpu_plugin.so": None,
    "libtbb.so.12": None,
}
wheel = zipfile.ZipFile(glob.glob("build/tmp/openvino/*.whl")[0])
for name, new in WANTED.items():
    content = wheel.read("onnxruntime/capi/" + name)
    pathlib.Path(sys.argv[1], new or name).write_bytes(content)
END
rm -rf build/tmp/openvino
echo "ready" > "$LIB/ready"
