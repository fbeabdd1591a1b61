/** What ansible-playbook says at its end about each host. Pure. */

export interface HostRecap {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
}

/** "gw1 : ok=12 changed=3 unreachable=0 failed=0 …" of the section PLAY RECAP, in its order; empty without one. */
export function readRecap(output: string): ReadonlyMap<string, HostRecap> {
  const recap = new Map<string, HostRecap>();
  const at = output.lastIndexOf('PLAY RECAP');
  if (at < 0) return recap;
  for (const line of output.slice(at).split('\n').slice(1)) {
    const host = /^(\S+)\s*: (?=ok=\d)/u.exec(line)?.[1];
    if (host === undefined) continue;
    const count = (key: string): number => Number(new RegExp(`\\b${key}=(\\d+)`, 'u').exec(line)?.[1] ?? 0);
    recap.set(host, {
      ...{ ok: count('ok'), changed: count('changed') },
      ...{ unreachable: count('unreachable'), failed: count('failed') },
    });
  }
  return recap;
}

/** For people, when a play failed: what it said of each task that did. */
export function failuresIn(output: string): string {
  const lines = output.split('\n').filter((line) => /^(?:fatal|failed|ERROR!|\[ERROR\])/u.test(line.trim()));
  return lines.map((line) => line.trim().slice(0, 600)).join('\n');
}
