#!/bin/sh
# Run once by the postgres image, on an empty data directory: a database for each service, and two
# roles. The owner migrates it; the service's own role owns nothing, and gets its rights by migrating.
set -eu
for name in meter_gateway prepay_ledger notifier billing; do
  upper=$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]')
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set name="$name" --set password="$(printenv "${upper}_DB_PASSWORD")" \
    --set owner="${name}_owner" --set owner_password="$(printenv "${upper}_DB_OWNER_PASSWORD")" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"owner";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
SQL
done
