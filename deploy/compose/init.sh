#!/bin/sh
# Makes the keys and passwords that docker-compose.yml needs, into .env beside it. Needs openssl.
# An existing .env is left alone: its passwords are already in the databases.
set -eu
cd "$(dirname "$0")/../.."
if [ -e .env ]; then
  echo ".env exists and was left as it is. To start over:"
  echo "docker compose --profile demo down --volumes && rm .env"
  exit 0
fi
umask 077
secret() { openssl rand -hex 24; }
quoted() { printf '"%s"' "$(awk '{printf "%s\\n", $0}')"; } # a PEM on one line
auth_key=$(openssl genpkey -algorithm ed25519)
command_key=$(openssl genpkey -algorithm ed25519)
cat >.env.new <<EOF
# Made by deploy/compose/init.sh. Secrets: keep this file out of version control and backups.
POSTGRES_PASSWORD=$(secret)
METER_GATEWAY_DB_PASSWORD=$(secret)
METER_GATEWAY_DB_OWNER_PASSWORD=$(secret)
PREPAY_LEDGER_DB_PASSWORD=$(secret)
PREPAY_LEDGER_DB_OWNER_PASSWORD=$(secret)
NOTIFIER_DB_PASSWORD=$(secret)
NOTIFIER_DB_OWNER_PASSWORD=$(secret)
BILLING_DB_PASSWORD=$(secret)
BILLING_DB_OWNER_PASSWORD=$(secret)
GATEWAY_MQTT_PASSWORD=$(secret)
FLEET_MQTT_PASSWORD=$(secret)
GRAFANA_PASSWORD=$(secret)
# Bearer tokens are signed with the private key (by \`prewatt token\`) and checked with the public one.
PREWATT_AUTH_PRIVATE_KEY=$(echo "$auth_key" | quoted)
PREWATT_AUTH_PUBLIC_KEY=$(echo "$auth_key" | openssl pkey -pubout | quoted)
# Relay commands are signed with this; meters hold the public half.
PREWATT_COMMAND_SIGNING_KEY=$(echo "$command_key" | quoted)
PREWATT_COMMAND_PUBLIC_KEY=$(echo "$command_key" | openssl pkey -pubout | quoted)
PREWATT_COMMAND_KEY_ID=compose-1
# Receipts of payments are signed with the first of these, by key id.
PREWATT_RECEIPT_KEYS='{"compose-1": $(openssl genpkey -algorithm ed25519 | quoted)}'
# Payment providers by name: docs/how-to/payment-providers.md.
PREWATT_PAYMENT_PROVIDERS='{"demo": {"kind": "standard-webhooks", "secrets": ["whsec_$(openssl rand -base64 32)"]}}'
# Which of them are asked for automatic top-ups: docs/how-to/automatic-top-up.md.
PREWATT_PAYMENT_REQUESTERS='{}'
# Links by which somebody pays without a login, at which providers: docs/how-to/pay-links.md.
PREWATT_PUBLIC_BASE_URL=
PREWATT_PAY_LINK_KEYS='{"compose-1": "$(openssl rand -base64 32)"}'
PREWATT_CHECKOUTS='{}'
# Which of them are asked to give money back: docs/how-to/refunds-by-provider.md.
PREWATT_REFUNDERS='{}'
# Banks that collect by files: docs/how-to/batch-debits.md.
PREWATT_DEBIT_PROFILES='{}'
# Banks that pay refunds by files: docs/how-to/transfers-by-file.md.
PREWATT_TRANSFER_PROFILES='{}'
# Chats and apps: services/notifier/README.md.
PREWATT_CHAT_SERVICES='{}'
EOF
mv .env.new .env
echo "Wrote .env. Next: docker compose up -d --build"
