#!/bin/sh
# Run before the broker, as root: its password file, and copies of the certificates that are in
# deploy/mosquitto/certs, which the broker's user can read whoever owns the originals.
set -eu
sh /mosquitto/setup/passwords.sh
rm -f /mosquitto/certs/*
for name in ca.crt tls.crt tls.key; do
  if [ -e "/mosquitto/setup/certs/$name" ]; then
    cp "/mosquitto/setup/certs/$name" /mosquitto/certs/
    chmod 0400 "/mosquitto/certs/$name"
  fi
done
chown -R mosquitto:mosquitto /mosquitto/certs
