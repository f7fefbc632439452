#!/usr/bin/env bash
# Sets up what Prewatt needs on Debian or Ubuntu; does nothing where it is all there.
#   tools/setup.sh python   the Python environment (.venv)
#   tools/setup.sh stack    that, and the programs of the native stack
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
missing() { echo "setup: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else missing "root or sudo is needed for: $*"
  fi
}

policy=/usr/sbin/policy-rc.d
let_services_start() {
  # shellcheck disable=SC2015 # nothing to remove is as good as removed
  grep -qs 'prewatt set-up' $policy && as_root rm -f $policy || true
}
# Also after Ctrl-C: the file left behind would keep every later package from starting its service.
trap let_services_start EXIT
trap 'exit 130' INT TERM HUP

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

apt_updated=
install() { # packages...
  have apt-get || missing "install by hand: $* (there is no apt-get here)"
  if [ -z "$apt_updated" ]; then
    apt update >.tools/apt.log 2>&1 || echo "setup: apt-get update had errors; going on" >&2
    apt_updated=yes
  fi
  # The stack starts its own servers on its own ports: keep the packages from starting theirs.
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\n# prewatt set-up\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod +x $policy
  fi
  apt install -y --no-install-recommends "$@" >>.tools/apt.log 2>&1 \
    || missing "cannot be installed: $*; see .tools/apt.log"
  let_services_start
}

python_env() {
  local python=
  for candidate in python3 python3.13 python3.12 python3.11; do
    if have $candidate && $candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      python=$candidate
      break
    fi
  done
  [ -n "$python" ] || missing "Python 3.11 or later"
  if [ ! -x .tools/uv/bin/uv ] || [ "$(.tools/uv/bin/uv --version | cut -d' ' -f2)" != $UV_VERSION ]; then
    $python -c 'import ensurepip, venv' 2>/dev/null || install python3-venv
    $python -m venv --clear .tools/uv || missing "a Python environment cannot be made (python3-venv)"
    .tools/uv/bin/python -m pip install -q --disable-pip-version-check "uv==$UV_VERSION" \
      || missing "uv $UV_VERSION cannot be had from the package index"
  fi
  # A Python is never downloaded: the one that was found is good enough.
  UV_PYTHON_DOWNLOADS=never .tools/uv/bin/uv sync -q --frozen --all-packages --python "$(command -v $python)" \
    || missing "the Python packages of uv.lock cannot be had"
}

java_major() { # 0 where there is none
  local found
  found=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || true
  echo "${found:-0}"
}

postgres_major() { # of the newest server, 0 where there is none
  local found
  found=$(find /usr/lib/postgresql/*/bin/initdb 2>/dev/null | cut -d/ -f5 | sort -n | tail -n 1) || true
  if [ -z "$found" ] && have initdb; then
    found=$(initdb --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  fi
  echo "${found:-0}"
}

stack_programs() {
  local wanted=()
  have mosquitto || [ -x /usr/sbin/mosquitto ] || wanted+=(mosquitto)
  have mosquitto_passwd || wanted+=(mosquitto)
  have mosquitto_rr || wanted+=(mosquitto-clients)
  [ "$(postgres_major)" -ge 15 ] || wanted+=(postgresql)
  have prometheus && have promtool || wanted+=(prometheus)
  have openssl || wanted+=(openssl)
  [ -x /usr/sbin/bearerbox ] || wanted+=(kannel)
  ls /usr/lib/kannel/test/fakesmsc >/dev/null 2>&1 || wanted+=(kannel-extras)
  [ "$(java_major)" -ge 17 ] || wanted+=(default-jre-headless)
  if [ ! -e .tools/kafka/.complete ] && ! have mvn; then wanted+=(maven); fi
  [ ${#wanted[@]} = 0 ] || install "${wanted[@]}"
  [ "$(java_major)" -ge 17 ] || missing "Java 17 or later (found: $(java_major))"
  [ "$(postgres_major)" -ge 15 ] || missing "PostgreSQL 15 or later (found: $(postgres_major))"
  if [ ! -e .tools/kafka/.complete ] || [ tools/devstack/pom.xml -nt .tools/kafka/.complete ]; then
    rm -rf .tools/kafka
    mvn -q -B -f tools/devstack/pom.xml dependency:copy-dependencies \
      -DoutputDirectory="$PWD/.tools/kafka" >.tools/maven.log 2>&1 \
      || missing "Apache Kafka's jars cannot be had through Maven; see .tools/maven.log"
    touch .tools/kafka/.complete
  fi
}

mkdir -p .tools
case "${1:-}" in
  python) python_env ;;
  stack) python_env; stack_programs ;;
  *) echo "usage: tools/setup.sh python|stack" >&2; exit 2 ;;
esac
