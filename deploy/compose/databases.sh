#!/bin/sh
# Run once by the postgres image, on an empty data directory: a role and a database per service.
set -eu
for name in meter_gateway prepay_ledger notifier billing; do
  password=$(printenv "$(printf '%s_DB_PASSWORD' "$name" | tr '[:lower:]' '[:upper:]')")
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set name="$name" --set password="$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
