#!/bin/sh
# Prints fresh Secrets for the base; needs openssl. Once for each installation:
#   kubectl apply -f deploy/k8s/base/namespace.yaml
#   deploy/k8s/secrets.sh | kubectl -n prewatt create -f -
# Running it again would change passwords under a live system: `create` refuses that.
# Not made here: `mosquitto-tls` (ca.crt, tls.crt, tls.key), which cert-manager or your CA gives.
set -eu

secret() { # name, type; its data follows as "  key: value" lines on standard input
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\ntype: %s\nstringData:\n' "$1" "$2"
  cat
}
password() { openssl rand -hex 24; }
block() { sed 's/^/    /'; }

auth_key=$(openssl genpkey -algorithm ed25519)
secret prewatt-auth Opaque <<EOF
  private-key: |
$(echo "$auth_key" | block)
  public-key: |
$(echo "$auth_key" | openssl pkey -pubout | block)
EOF

command_key=$(openssl genpkey -algorithm ed25519)
secret prepay-ledger Opaque <<EOF
  payment-providers: '{"demo": {"kind": "standard-webhooks", "secrets": ["whsec_$(openssl rand -base64 32)"]}}'
  receipt-keys: '{"k8s-1": "$(openssl genpkey -algorithm ed25519 | awk '{printf "%s\\n", $0}')"}'
  command-key-id: k8s-1
  command-signing-key: |
$(echo "$command_key" | block)
  command-public-key: |
$(echo "$command_key" | openssl pkey -pubout | block)
EOF

secret mosquitto Opaque <<EOF
  gateway-password: $(password)
EOF

for name in meter-gateway prepay-ledger notifier billing; do
  role=$(echo "$name" | tr - _)
  secret "$name-database" kubernetes.io/basic-auth <<EOF
  username: $role
  password: $(password)
EOF
  secret "$name-database-owner" kubernetes.io/basic-auth <<EOF
  username: ${role}_owner
  password: $(password)
EOF
done
