#!/usr/bin/env bash
# Sets up what Prewatt needs on Debian or Ubuntu; does nothing where it is all there.
#   tools/setup.sh python   the Python environment (.venv)
#   tools/setup.sh stack    that, and what runs the stack's parts: images where a Docker engine
#                           answers, else programs from packages (PREWATT_PROVIDER decides)
#   tools/setup.sh test     that, and the programs that only tests and the tutorial use
#   tools/setup.sh chaos    that, and PySpark, which reads the archive in one test (460 MB)
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
say() { echo "setup: $*"; }
missing() { echo "setup: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# What the system trusts is trusted: an organisation's own authority too. uv and pip bring lists of
# their own otherwise; Java's is the system's on Debian.
authorities=/etc/ssl/certs/ca-certificates.crt
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
pip_trusts() { # python
  [ -n "${PIP_CERT:-}" ] || "$1" -m pip config get global.cert >/dev/null 2>&1 \
    || [ ! -s $authorities ] || export PIP_CERT=$authorities
}

# --- Packages: first everything that is missing is listed, then root is asked for, once ------------

wanted=()
want() { wanted+=("$@"); }
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

be_able_to_install() {
  local by_hand="as root: apt-get install --no-install-recommends ${wanted[*]}"
  have apt-get || missing "install by hand, there is no apt-get here: ${wanted[*]}"
  [ "$(id -u)" != 0 ] || return 0
  have sudo || missing "root or sudo is needed; $by_hand"
  sudo -n true 2>/dev/null && return
  { : </dev/tty; } 2>/dev/null || missing "sudo asks for a password and there is no terminal; $by_hand"
  say "sudo is needed to install packages"
  sudo true || missing "sudo was refused; $by_hand"
}

# The stack starts its own servers on its own ports, so what comes as a package is never started,
# makes no cluster and stays off after a reboot. What was on this machine before is left as it is.
brought=() # servers that this run installs
policy=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/prewatt-setup.conf

keep_servers_off() {
  local server
  for server in mosquitto postgresql prometheus kannel; do
    [[ " ${wanted[*]} " == *" $server "* ]] || continue
    installed "${server/#postgresql/postgresql-common}" || brought+=("$server")
  done
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\n# prewatt set-up\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod +x $policy
  fi
  if [[ " ${wanted[*]} " == *" postgresql "* ]]; then
    as_root mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' | as_root tee $no_cluster >/dev/null
  fi
}

leave_the_system_as_it_was() { # also after Ctrl-C: what is left here would act on later packages
  local server
  for server in "${brought[@]}"; do
    as_root update-rc.d "$server" disable
    if have systemctl; then as_root systemctl disable "$server.service"
    else as_root deb-systemd-helper disable "$server.service"
    fi
    if [ -d /run/systemd/system ]; then as_root systemctl stop "$server.service"; fi
  done >>.tools/apt.log 2>&1 || true # one that was not installed after all has nothing to disable
  brought=()
  if grep -qs 'prewatt set-up' $policy; then as_root rm -f $policy; fi
  if [ -e $no_cluster ]; then as_root rm -f $no_cluster; fi
}
trap leave_the_system_as_it_was EXIT
trap 'exit 130' INT TERM HUP

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

install_wanted() {
  [ ${#wanted[@]} != 0 ] || return 0
  be_able_to_install
  say "installing packages, some minutes at most (.tools/apt.log): ${wanted[*]}"
  apt update >.tools/apt.log 2>&1 || say "apt-get update had errors; going on" >&2
  keep_servers_off
  apt install -y --no-install-recommends "${wanted[@]}" >>.tools/apt.log 2>&1 \
    || missing "cannot be installed: ${wanted[*]}: $(grep '^E:' .tools/apt.log | tail -n 1); see .tools/apt.log"
  leave_the_system_as_it_was
  wanted=()
}

# --- Python -----------------------------------------------------------------------------------------

# The interpreter itself: handed a shim or an environment's link to it, uv makes .venv anew each time.
find_python() {
  local candidate
  for candidate in python3 python3.13 python3.12 python3.11; do
    if $candidate -c 'import sys; assert sys.version_info >= (3, 11); print(sys._base_executable)' 2>/dev/null
    then return; fi
  done
}

uv_is_there() { [ "$(.tools/uv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = $UV_VERSION ]; }

python_needs() {
  local python
  python=$(find_python)
  if [ -z "$python" ]; then want python3-venv
  elif ! uv_is_there && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then want "${python##*/}-venv"
  fi
  if have apt-get && [ ! -s $authorities ]; then want ca-certificates; fi
}

python_env() {
  local python
  python=$(find_python)
  [ -n "$python" ] || missing "Python 3.11 or later is needed (found: $(python3 --version 2>&1))"
  if ! uv_is_there; then
    say "getting uv $UV_VERSION, some seconds"
    "$python" -m venv --clear .tools/uv || missing "a Python environment cannot be made (python3-venv)"
    pip_trusts .tools/uv/bin/python
    .tools/uv/bin/python -m pip install -q --disable-pip-version-check "uv==$UV_VERSION" \
      || missing "uv $UV_VERSION cannot be had from the package index"
  fi
  [ -x .venv/bin/prewatt ] || say "getting the Python packages of uv.lock, about half a minute"
  # A Python is never downloaded: the one that was found is good enough.
  UV_PYTHON_DOWNLOADS=never .tools/uv/bin/uv sync -q --frozen --all-packages --python "$python" \
    || missing "the Python packages of uv.lock cannot be had"
}

# --- The stack's parts as processes -----------------------------------------------------------------

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

jars_are_there() { [ -e .tools/kafka/.complete ] && [ ! tools/devstack/pom.xml -nt .tools/kafka/.complete ]; }

want_java() { [ "$(java_major)" -ge 17 ] || want default-jre-headless; }

native_needs() {
  have mosquitto || [ -x /usr/sbin/mosquitto ] || want mosquitto
  [ "$(postgres_major)" -ge 15 ] || want postgresql
  have prometheus || want prometheus
  want_java
  jars_are_there || have mvn || want maven
}

kafka_jars() {
  [ "$(java_major)" -ge 17 ] || missing "Java 17 or later is needed (found: $(java_major))"
  [ "$(postgres_major)" -ge 15 ] || missing "PostgreSQL 15 or later is needed (found: $(postgres_major))"
  if jars_are_there; then return; fi
  say "getting Apache Kafka's jars through Maven, a minute or two (.tools/maven.log)"
  rm -rf .tools/kafka
  mvn -q -B -f tools/devstack/pom.xml dependency:copy-dependencies \
    -DoutputDirectory="$PWD/.tools/kafka" >.tools/maven.log 2>&1 \
    || missing "Apache Kafka's jars cannot be had through Maven; see .tools/maven.log"
  touch .tools/kafka/.complete
}

# --- What only tests and the tutorial use -----------------------------------------------------------

test_needs() {
  have mosquitto_rr || want mosquitto-clients
  local program
  for program in curl jq openssl; do have $program || want $program; done
  [ -x /usr/sbin/bearerbox ] || want kannel
  ls /usr/lib/kannel/test/fakesmsc >/dev/null 2>&1 || want kannel-extras
  have chromium || want chromium fonts-noto-cjk
  have node || want nodejs
  sms_centre_is_there || have npm || want npm
}

# The SMS centre that the SMPP tests speak with: node-smpp.
sms_centre_is_there() {
  [ -e .tools/smsc/node_modules/smpp ] && [ ! services/notifier/tests/smsc/package-lock.json -nt .tools/smsc/.complete ]
}

sms_centre() {
  if sms_centre_is_there; then return; fi
  say "getting node-smpp for tests through npm, some seconds (.tools/npm.log)"
  mkdir -p .tools/smsc
  cp services/notifier/tests/smsc/package.json services/notifier/tests/smsc/package-lock.json .tools/smsc/
  NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$authorities}" \
    npm ci --prefix .tools/smsc --ignore-scripts --no-audit --no-fund >.tools/npm.log 2>&1 \
    || missing "node-smpp cannot be had through npm; see .tools/npm.log"
  touch .tools/smsc/.complete
}

# An environment of its own: the project's is synced to what the project needs, with every check.
spark_env() {
  [ -x .tools/spark/bin/python ] || say "getting PySpark for one test, 460 MB, a minute or two"
  UV_PROJECT_ENVIRONMENT="$PWD/.tools/spark" UV_PYTHON_DOWNLOADS=never .tools/uv/bin/uv sync -q --frozen \
    --only-group spark --python "$(find_python)" || missing "PySpark of uv.lock cannot be had"
}

# An engine that can be asked is asked later, in Python. Without one, all packages come at once.
engine_may_be_there() {
  case "${PREWATT_PROVIDER:-auto}" in
    native) return 1 ;;
    containers) return 0 ;;
    auto) [ -n "${DOCKER_HOST:-}" ] || [ -w /var/run/docker.sock ] ;;
    *) missing "PREWATT_PROVIDER is $PREWATT_PROVIDER, which is none of auto, containers, native" ;;
  esac
}

stack() {
  local provider=native
  python_needs
  if engine_may_be_there; then
    install_wanted
    python_env
    provider=$(.venv/bin/devstack provider) || exit 1
  fi
  if [ "$provider" = native ]; then native_needs; fi
  install_wanted
  python_env
  if [ "$provider" = native ]; then kafka_jars; fi
}

mkdir -p .tools
[ -w .tools ] || missing "$PWD/.tools belongs to another user: sudo chown -R $(id -un) . "
case "${1:-}" in
  python) python_needs; install_wanted; python_env ;;
  stack) stack ;;
  test) test_needs; stack; sms_centre ;;
  chaos) test_needs; want_java; stack; sms_centre; spark_env ;;
  *) echo "usage: tools/setup.sh python|stack|test|chaos" >&2; exit 2 ;;
esac
