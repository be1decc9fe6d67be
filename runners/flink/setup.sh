#!/bin/sh
# Gets what Flink needs into build/flink: Flink's jars (from PyPI), Beam's job server
# (built with Maven, some minutes at first) and the boot program of the workers.
set -eu
cd "$(dirname "$0")/../.."
flink=build/flink
version=1.19.1
mkdir -p "$flink"

missing() { echo "error: no $1 on this machine: $2" >&2; exit 1; }
command -v java > /dev/null || missing java "install a JDK of version 11 or 17 (Debian: apt-get install openjdk-17-jdk-headless)"

go build -o "$flink/boot" ./runners/flink/boot

if [ ! -f "$flink/job-server.jar" ] || [ runners/flink/job-server.pom.xml -nt "$flink/job-server.jar" ]; then
	command -v mvn > /dev/null || missing mvn "it builds Beam's job server once (Debian: apt-get install maven)"
	echo "building Beam's job server for Flink (some minutes, once)"
	mkdir -p "$flink/job-server"
	cp runners/flink/job-server.pom.xml "$flink/job-server/pom.xml"
	mvn --quiet --batch-mode -f "$flink/job-server/pom.xml" package
	mv "$flink/job-server/target/flink-job-server-1.jar" "$flink/job-server.jar.part"
	rm -r "$flink/job-server"
	mv "$flink/job-server.jar.part" "$flink/job-server.jar"
fi

if [ ! -d "$flink/$version" ]; then
	echo "getting Flink $version (230 MB, once)"
	rm -rf "$flink/download"
	.venv/bin/python -m pip --disable-pip-version-check --quiet download --no-deps --no-binary :all: \
		--no-build-isolation --require-hashes -r requirements/flink.txt --dest "$flink/download"
	tar -xzf "$flink/download/apache-flink-libraries-$version.tar.gz" -C "$flink/download" --strip-components=1
	mv "$flink/download/deps/lib" "$flink/$version"
	rm -rf "$flink/download"
fi
