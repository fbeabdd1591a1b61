/** What is wrong with the host beneath charon: interfaces, load, files, clock, the kernel's IPsec. */
import type { ReasonEntry } from './entry.ts';

export const HOST_REASONS = {
  'interface-down': {
    class: 'not-serving',
    sentence: 'a network interface that must be up is down, has no carrier, or is not there',
    wayOut: '`ip link show DEVICE`: is it set up, is the cable or the far end gone, did its name change?',
  },
  'default-route-missing': {
    class: 'not-serving',
    sentence: 'this host has no default route, so answers to clients go nowhere',
    wayOut: '`ip route show default`, `ip -6 route show default`: what should have set it, DHCP, RA or BGP?',
  },
  'mtu-low': {
    class: 'impaired',
    sentence: 'the MTU of a network interface is below its minimum: large packets of clients get lost',
    wayOut: '`ip link set DEVICE mtu N`, and look for what lowered it',
  },
  'interface-errors': {
    class: 'advisory',
    sentence: 'a network interface counts errors or drops faster than it may',
    wayOut: '`ip -s -s link show DEVICE`, `ethtool -S DEVICE`: cable, far end, ring size, load',
  },
  'cpu-pressure': {
    class: 'advisory',
    sentence: 'work on this host waits for a CPU much of the time',
    wayOut: '`top`: what takes the CPU? give charon and swancast more weight, or the gateway more cores',
  },
  'memory-pressure': {
    class: 'advisory',
    sentence: 'this host is short of memory',
    wayOut: '`ps aux --sort=-rss`: what grew? before the kernel kills charon, restart it in a drain',
  },
  'io-pressure': {
    class: 'advisory',
    sentence: 'work on this host waits for disks much of the time',
    wayOut: '`iostat -x 1`, `iotop`: a full log disk or a backup? charon logs synchronously',
  },
  'file-descriptors-low': {
    class: 'advisory',
    sentence: 'file descriptors are nearly used up',
    wayOut: 'raise LimitNOFILE of the unit, or fs.file-max; look for what leaks them',
  },
  'charon-memory-growing': {
    class: 'advisory',
    sentence: 'the memory of charon grew a lot within the window',
    wayOut: 'compare with the number of IKE_SAs; if they did not grow, plan a restart of charon in a drain',
  },
  'clock-unsynchronised': {
    class: 'advisory',
    sentence: 'the clock of this host is not synchronised: certificates may seem expired or not yet valid',
    wayOut: '`timedatectl`, `chronyc tracking`: can the time servers be reached?',
  },
  'clients-without-state': {
    class: 'advisory',
    sentence: 'packets of clients land here whose IKE_SAs and CHILD_SAs are on another gateway',
    wayOut: 'a route shift or ECMP over 500, 4500 and ESP: compare the routers; pinned sessions are safe',
  },
  'ipsec-errors-in': {
    class: 'advisory',
    sentence: 'the kernel drops packets that came in by IPsec faster than it may',
    wayOut: '`cat /proc/net/xfrm_stat` twice: the counters that grow are named beside it',
  },
  'ipsec-errors-out': {
    class: 'advisory',
    sentence: 'the kernel cannot send packets by IPsec and drops them faster than it may',
    wayOut: '`cat /proc/net/xfrm_stat` twice: the counters that grow are named beside it',
  },
  'kernel-without-xfrm-statistics': {
    class: 'advisory',
    sentence: 'this kernel does not count IPsec errors, so nothing is known',
    wayOut:
      'a kernel with CONFIG_XFRM_STATISTICS, or remove the check; user space ESP (kernel-libipsec) has none',
  },
} as const satisfies Record<string, ReasonEntry>;
