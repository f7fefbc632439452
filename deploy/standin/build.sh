#!/bin/sh
# Builds stand-ins from Debian packages (and Kafka's jars from Maven) for places without an image
# registry, under the very tags that docker-compose.yml names. An engine that can pull has no use
# for this. Needs root, a running Docker engine, debootstrap and mvn.
#
# Use: sudo deploy/standin/build.sh [python kafka mosquitto postgres prometheus]
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tag_of() { # the tag that docker-compose.yml (or the services' Dockerfile) names for this image
  grep -ohE "[ =]$1:[^ ]+" ../../docker-compose.yml ../Dockerfile | head -n 1 | tr -d ' ='
}

build() {
  tag=$(tag_of "$2")
  echo "stand-in: $tag"
  DOCKER_BUILDKIT=0 docker build --quiet --network host --tag "$tag" "$1"
}

if ! docker image inspect prewatt-standin/debian:bookworm >/dev/null 2>&1; then
  debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root"
  rm -rf "$work"/root/var/cache/apt/archives/*.deb
  tar -C "$work/root" -c . | docker import - prewatt-standin/debian:bookworm
fi

for name in ${*:-python kafka mosquitto postgres prometheus}; do
  case $name in
    python) build python python ;;
    mosquitto) build mosquitto eclipse-mosquitto ;;
    postgres) build postgres postgres ;;
    prometheus) build prometheus prom/prometheus ;;
    kafka)
      cp -r kafka "$work/kafka"
      mvn -q -B -f kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$work/kafka/jars"
      build "$work/kafka" apache/kafka
      ;;
    *) echo "no stand-in called $name" >&2 && exit 2 ;;
  esac
done
