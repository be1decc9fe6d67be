#!/bin/sh
# Says in one line what the development cluster lacks on this machine, and how to get it. It
# fails if something is missing.
lacks=
lack() { lacks="$lacks${lacks:+; }$1"; }
version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
case $version in
11 | 17) ;;
*) lack "no JDK of version 11 or 17 on this machine: apt-get install openjdk-17-jdk-headless, or brew install openjdk@17" ;;
esac
command -v mvn > /dev/null || lack "no Maven on this machine: apt-get install maven, or brew install maven"
[ -z "$lacks" ] || { echo "$lacks"; exit 1; }
