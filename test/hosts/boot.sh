#!/bin/sh
# boot.sh IMAGE DIRECTORY MACHINE HOSTNAME UUID   -- powers a host on, and is its power: ends when the host is off.
#
# Started by `ip netns exec NAMESPACE`, and so with mounts of its own. IMAGE stays as it is;
# what the host writes is in DIRECTORY/upper. A reboot of the host is a new boot here; SIGKILL of its PID 1 is the
# power cut.
set -eu
image=$1 directory=$2 machine=$3 hostname=$4 uuid=$5

mount --make-rprivate /
# Whatever hierarchy the machine has, the host sees a cgroup2. It needs a group of its own: with --keep-unit every
# nspawn takes /payload below its own, and hosts that share one kill each other's services.
umount -R /sys/fs/cgroup 2>/dev/null || :
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$machine"
echo $$ >"/sys/fs/cgroup/$machine/cgroup.procs"

mkdir -p "$directory/upper" "$directory/work" "$directory/root"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$directory/upper,workdir=$directory/work" "$directory/root"

# All capabilities and bpf: without them the address and device rules of a sandbox are silently not enforced.
# network: else /proc/sys/net is read-only.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
namespace=$(ip netns identify $$)
while :; do
  status=0
  systemd-nspawn --quiet --directory="$directory/root" --machine="$machine" --hostname="$hostname" --uuid="$uuid" \
    --register=no --keep-unit --network-namespace-path="/run/netns/$namespace" \
    --capability=all --system-call-filter=bpf --bind=/dev/net/tun \
    --console=pipe --resolv-conf=off --timezone=off --link-journal=no --boot </dev/null || status=$?
  [ "$status" = 133 ] || exit "$status"
done
