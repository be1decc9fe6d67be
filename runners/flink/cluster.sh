#!/bin/sh
# A development cluster on loopback: one JobManager and two TaskManagers of one slot
# each, which share this machine's cores. usage: cluster.sh up|down|status
# Its files, logs among them, are in build/flink/run.
set -eu
cd "$(dirname "$0")/../.."
jars="$PWD/build/flink/1.19.1"
run="$PWD/build/flink/run"
taskmanagers=2
page=http://127.0.0.1:8081

opens=""
for package in lang net io nio math text time util lang.reflect util.concurrent util.concurrent.atomic util.concurrent.locks; do
	opens="$opens --add-opens=java.base/java.$package=ALL-UNNAMED"
done

answers() { # how many TaskManagers there are; an error if no JobManager answers
	.venv/bin/python - "$page/overview" <<-'python'
		import json, sys, urllib.request
		print(json.load(urllib.request.urlopen(sys.argv[1], timeout=2))["taskmanagers"])
	python
}

# alive NAME: a process that has just been killed still has its number for a moment.
alive() { [ -f "$run/$1.pid" ] && ps -ww -p "$(cat "$run/$1.pid")" -o command= | grep -q org.apache.flink; }

# start NAME CLASS HEAP [ARGUMENT...]: unless it runs.
start() {
	name=$1 class=$2 heap=$3
	shift 3
	if alive "$name"; then return; fi
	# GOMAXPROCS: the worker of a TaskManager inherits it, and they share the cores.
	GOMAXPROCS=$(( ($(nproc) + taskmanagers - 1) / taskmanagers )) TMPDIR="$run/tmp" \
		setsid nohup java "-Xmx$heap" -XX:MaxMetaspaceSize=256m -XX:MaxDirectMemorySize=384m "-Djava.io.tmpdir=$run/tmp" \
		"-Dlog.file=$run/log/$name.log" "-Dlog4j.configurationFile=file://$run/conf/log4j.properties" \
		$opens -cp "$jars/*" "$class" --configDir "$run/conf" "$@" \
		> "$run/log/$name.out" 2>&1 < /dev/null &
	echo $! > "$run/$name.pid"
}

up() {
	[ -d "$jars" ] || { echo "error: Flink is not there: run 'make flink'" >&2; exit 1; }
	if ! alive jobmanager && answers > /dev/null 2>&1; then
		echo "error: something else listens at $page" >&2
		exit 1
	fi
	mkdir -p "$run/conf" "$run/log" "$run/tmp"
	sed "s|@RUN@|$run|g" runners/flink/conf/flink-conf.yaml > "$run/conf/flink-conf.yaml"
	cp runners/flink/conf/log4j.properties "$run/conf/"
	start jobmanager org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint 512m --executionMode cluster
	for i in $(seq $taskmanagers); do
		start "taskmanager-$i" org.apache.flink.runtime.taskexecutor.TaskManagerRunner 640m
	done
	waited=0
	until [ "$(answers 2> /dev/null)" = "$taskmanagers" ]; do
		waited=$((waited + 1))
		if [ $waited -gt 120 ] || ! alive jobmanager; then
			echo "error: Flink did not start; its logs are in $run/log" >&2
			down
			exit 1
		fi
		sleep 0.5
	done
	echo "Flink is up: $page, $taskmanagers TaskManagers; logs in $run/log"
}

down() {
	for name in $(seq -f 'taskmanager-%g' $taskmanagers) jobmanager; do
		if alive "$name"; then kill "$(cat "$run/$name.pid")"; fi
	done
	for name in $(seq -f 'taskmanager-%g' $taskmanagers) jobmanager; do
		waited=0
		while alive "$name"; do
			waited=$((waited + 1))
			if [ $waited -eq 50 ]; then kill -9 "$(cat "$run/$name.pid")"; fi
			sleep 0.2
		done
		rm -f "$run/$name.pid"
	done
	rm -rf "$run/tmp" "$run/conf"
}

case ${1:-} in
up) up ;;
down) down ;;
status) for name in jobmanager $(seq -f 'taskmanager-%g' $taskmanagers); do
	if alive "$name"; then echo "$name $(cat "$run/$name.pid")"; else echo "$name is not running"; fi
done ;;
*) echo "usage: $0 up|down|status" >&2; exit 2 ;;
esac
