#!/bin/sh
# setup.sh       installs what `make demo` and `make test` use: Debian 12 packages, then the npm packages of
#                package-lock.json
# setup.sh npm   the npm packages alone, which is all that `make build` needs: a gateway gets no daemon by it
#
# Run it again at any time: what is there already is only looked at, which takes a fraction of a second.
set -eu
cd "$(dirname "$0")/.."

case "${1-}" in
  npm) lab= ;;
  '') lab=yes ;;
  *) echo "usage: setup.sh [npm]" >&2; exit 2 ;;
esac
packages=
[ -z "$lab" ] || packages="charon-systemd strongswan-swanctl libcharon-extra-plugins libstrongswan-standard-plugins
  libstrongswan-extra-plugins strongswan-pki exabgp bird2 frr tcpdump iproute2 iputils-ping procps nftables
  prometheus prometheus-alertmanager openssl zsh fish
  systemd-container mmdebstrap ansible-core ansible-lint openssh-client"
# For the lab's virtual machine (lab --dataplane kernel), which boots a kernel that knows ESP.
machine=
if [ -n "$lab" ] && [ "$(uname -m)" = x86_64 ]; then
  machine=yes
  packages="$packages qemu-system-x86 busybox-static kmod e2fsprogs"
fi
# npm may come from elsewhere (nvm, NodeSource): only where there is none, Debian's. Any Node that runs it will
# do, the one that swancast runs on is an npm package.
command -v npm >/dev/null || packages="$packages nodejs npm"

installed=
# shellcheck disable=SC2086 # a list of words
[ -z "$packages" ] ||
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

# Debian enables every daemon it installs. Those that came by us start neither now nor at the next boot; one that
# was there before is its owner's.
disable_units() {
  for package in $missing; do
    for file in $(dpkg -L "$package" 2>/dev/null | grep -E '/systemd/system/[^/@]+\.(service|socket|timer)$' || true); do
      unit=${file##*/}
      if command -v systemctl >/dev/null; then
        systemctl disable "$unit" >/dev/null 2>&1 || true
      else
        DPKG_MAINTSCRIPT_PACKAGE=$package deb-systemd-helper disable "$unit" >/dev/null 2>&1 || true
      fi
    done
  done
}

finish() {
  disable_units
  restore_policy
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
  trap finish EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  # shellcheck disable=SC2086
  apt-get -qq -s install $missing >/dev/null 2>&1 || apt-get -qq update
  # Lists that are there may be old, and name versions that are gone.
  install_packages || { apt-get -qq update && install_packages; }
  finish
  trap - EXIT HUP INT TERM
fi

# That kernel is only downloaded, to where the virtual machine looks for it: the machine's own stays what it is.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/swancast-lab
download_kernel() {
  kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *\(linux-image-[0-9].*-cloud-amd64\)$/\1/p')
  [ -n "$kernel" ] && mkdir -p "$cache" && cd "$cache" &&
    apt-get -qq -o APT::Sandbox::User=root download "$kernel"
}
if [ -n "$machine" ] && ! ls "$cache"/linux-image-*-cloud-amd64_*.deb >/dev/null 2>&1; then
  echo "setup: downloading a kernel for the lab's virtual machine"
  (download_kernel) || { apt-get -qq update && (download_kernel); } ||
    echo "setup: there is no such kernel here: what needs the virtual machine will be skipped" >&2
fi

# npm writes the second file at the end of each install: older than the lock, or absent, means out of date.
# A link leads to the packages of another checkout, which npm would empty.
if [ -L node_modules ]; then
  echo "setup: node_modules is a link: its packages are those of $(readlink -f node_modules)"
elif [ ! -e node_modules/.package-lock.json ] || [ node_modules/.package-lock.json -ot package-lock.json ]; then
  echo "setup: npm ci"
  # Which Node npm itself runs on does not matter: silent but for errors.
  npm ci --no-audit --no-fund --loglevel=error >/dev/null
fi
