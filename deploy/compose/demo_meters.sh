#!/bin/sh
# The demo profile's meters: fifty, 3.6 kW each. The register follows the clock, so that a restart
# never turns it back.
#
# Ends with 1 when the broker has been away for half a minute. Either it was restarted and has a new
# network, which Docker's restart of this container joins; or it is gone, since `docker compose down`
# without the profile took it and does not see this container: then nothing is left to wait for.
set -eu
simulator run --meters 50 --interval-s 5 --load-wh 5 --start-wh "$(date +%s)" --announce \
  --command-key "$PREWATT_COMMAND_KEY_ID=/run/secrets/command-public-key" &
meters=$!
away_s=0
while [ "$away_s" -lt 30 ]; do
  sleep 5
  if ! kill -0 "$meters" 2>/dev/null; then
    wait "$meters" # and end as they did
    exit
  fi
  if python -c 'import socket; socket.create_connection(("localhost", 1883), 3)' 2>/dev/null; then
    away_s=0
  else
    away_s=$((away_s + 5))
  fi
done
echo "the broker has been away for $away_s s" >&2
exit 1
