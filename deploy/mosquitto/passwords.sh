#!/bin/sh
# Puts the system's own clients into the password file; meters that are already in it stay. Add one:
#   docker compose exec mosquitto mosquitto_passwd -b /mosquitto/passwords/passwords ID PASSWORD
#   docker compose exec mosquitto sh -c 'kill -HUP 1'
set -eu
file=/mosquitto/passwords/passwords
touch "$file"
chmod 0600 "$file"
mosquitto_passwd -b "$file" gateway "$GATEWAY_MQTT_PASSWORD"
if [ -n "${FLEET_MQTT_PASSWORD:-}" ]; then
  mosquitto_passwd -b "$file" fleet "$FLEET_MQTT_PASSWORD"
fi
if [ "$(id -u)" = 0 ]; then
  chown -R mosquitto:mosquitto /mosquitto/passwords
fi
