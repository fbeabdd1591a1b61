#!/bin/sh
# Installs what `make demo` and `make test` use: Debian 12 packages, then the npm packages of package-lock.json.
# Run it again at any time: what is there already is only looked at, which takes a fraction of a second.
set -eu
cd "$(dirname "$0")/.."

packages="charon-systemd strongswan-swanctl libcharon-extra-plugins libstrongswan-standard-plugins
  libstrongswan-extra-plugins strongswan-pki exabgp bird2 frr tcpdump iproute2 iputils-ping procps nftables
  prometheus openssl"
# npm may come from elsewhere (nvm, NodeSource): only where there is none, Debian's. Any Node that runs it will
# do, the one that swancast runs on is an npm package.
command -v npm >/dev/null || packages="$packages nodejs npm"

# shellcheck disable=SC2086 # a list of words
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null || true)
missing=
for package in $packages; do
  case "
$installed
" in
  *"
installed $package
"*) ;;
  *) missing="$missing $package" ;;
  esac
done

policy=/usr/sbin/policy-rc.d
kept=
restore_policy() {
  if [ -n "$kept" ] && [ -e "$kept/policy-rc.d" ]; then mv "$kept/policy-rc.d" "$policy"; else rm -f "$policy"; fi
  [ -z "$kept" ] || rmdir "$kept"
}

install_packages() {
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends \
    $missing </dev/null
}

if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "setup: missing packages:$missing (run as root, or install them)" >&2
    exit 1
  fi
  command -v apt-get >/dev/null || { echo "setup: missing packages:$missing (no apt-get here: install them)" >&2; exit 1; }
  echo "setup: installing$missing"
  # The packages' own daemons must not start: the lab starts its own, in namespaces. A policy that is there
  # already is put back afterwards, also when interrupted.
  kept=$(mktemp -d /usr/sbin/.policy-rc.d.XXXXXX)
  [ ! -e "$policy" ] || mv "$policy" "$kept/policy-rc.d"
  trap restore_policy EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  # shellcheck disable=SC2086
  apt-get -qq -s install $missing >/dev/null 2>&1 || apt-get -qq update
  # Lists that are there may be old, and name versions that are gone.
  install_packages || { apt-get -qq update && install_packages; }
  restore_policy
  trap - EXIT HUP INT TERM
fi

# npm writes the second file at the end of each install: older than the lock, or absent, means out of date.
if [ ! -e node_modules/.package-lock.json ] || [ node_modules/.package-lock.json -ot package-lock.json ]; then
  echo "setup: npm ci"
  npm ci --no-audit --no-fund
fi
