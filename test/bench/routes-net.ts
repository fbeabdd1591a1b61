/**
 * What the bench `routes` runs on: a gateway and four routers in two namespaces, joined by one link. The gateway has
 * a real sidecar with a real guard and ExaBGP, and a scripted charon; the routers only listen (routes-listeners.ts).
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LineReader } from '../../bgp/line-reader.ts';
import type { Heard } from './routes-listeners.ts';

const GATEWAY = 'swc-bench-routes-g';
const ROUTERS = 'swc-bench-routes-r';
const OURS = { v4: '10.99.0.100', v6: 'fd00:99::100' };
export const LOCAL_AS = 65001;
/** Two outside, two inside. */
const AS_NUMBERS = [65000, 65010, LOCAL_AS, LOCAL_AS];
export const ROUTER_ADDRESSES = AS_NUMBERS.map((_, n) => `10.99.0.${n + 1}`);
const STOP_MS = 5000;

/** Why it cannot run here. */
export function missing(): string | undefined {
  if (process.geteuid?.() !== 0) return 'it needs root, for network namespaces';
  try {
    execFileSync('/usr/sbin/exabgp', ['--version'], { stdio: 'ignore' });
    execFileSync('ip', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}: apt-get install exabgp iproute2`;
  }
}

export class RoutesNet {
  readonly viciSocket: string;
  /** There: the check fails that degrades. */
  readonly mark: string;
  readonly #directory: string;
  readonly #prefixes: readonly string[];
  readonly #onHeard: (heard: Heard) => void;
  readonly #children: ChildProcess[] = [];

  constructor(directory: string, prefixes: readonly string[], onHeard: (heard: Heard) => void) {
    this.#directory = directory;
    this.#prefixes = prefixes;
    this.#onHeard = onHeard;
    this.viciSocket = join(directory, 'charon.vici');
    this.mark = join(directory, 'degraded');
  }

  async start(): Promise<void> {
    remove();
    const batch = [
      `netns add ${GATEWAY}`,
      `netns add ${ROUTERS}`,
      `link add swc0 netns ${GATEWAY} type veth peer name swc0 netns ${ROUTERS}`,
    ];
    ip([], batch);
    ip([GATEWAY], ['link set lo up', 'link set swc0 up', ...addresses([OURS.v4], [OURS.v6])]);
    ip([ROUTERS], ['link set lo up', 'link set swc0 up', ...addresses(ROUTER_ADDRESSES, [])]);
    await this.#listen();
    this.#runSidecar();
  }

  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await Promise.race([exited, delay(STOP_MS, undefined, { ref: false })]);
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await exited;
    }
    remove();
  }

  /** The last lines of the sidecar's log. */
  tail(): string {
    return readFileSync(join(this.#directory, 'sidecar.log'), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-8)
      .join('\n');
  }

  /** The check that degrades fails from its next look on, or passes. */
  degrade(isDegraded: boolean): void {
    if (isDegraded) writeFileSync(this.mark, '');
    else rmSync(this.mark, { force: true });
  }

  async #listen(): Promise<void> {
    const program = fileURLToPath(new URL('routes-listeners.ts', import.meta.url));
    const args = ROUTER_ADDRESSES.map((address, n) => `${address},${AS_NUMBERS[n]}`);
    const child = inNamespace(ROUTERS, [process.execPath, program, ...args], 'pipe');
    this.#children.push(child);
    const { stdout } = child;
    if (stdout === null) throw new Error('the routers have no output');
    const reader = new LineReader(1024 * 1024);
    stdout.on('data', (chunk: Buffer) => {
      for (const line of reader.push(chunk)) {
        if (line?.startsWith('{') === true) this.#onHeard(JSON.parse(line) as Heard);
      }
    });
    await once(stdout, 'data');
  }

  #runSidecar(): void {
    const directory = this.#directory;
    const file = join(directory, 'swancast.yaml');
    writeFileSync(file, configText(directory, this.viciSocket, this.mark, this.#prefixes));
    const log = openSync(join(directory, 'sidecar.log'), 'w');
    const main = fileURLToPath(new URL('../../sidecar/main.ts', import.meta.url));
    this.#children.push(inNamespace(GATEWAY, [process.execPath, main, 'run', '-c', file], log));
    closeSync(log);
  }
}

const configText = (
  directory: string,
  viciSocket: string,
  mark: string,
  prefixes: readonly string[],
): string => `
strongswan: { vici_socket: ${viciSocket} }
prefixes:
${prefixes.map((prefix) => `  - { prefix: "${prefix}", next_hop: "${prefix.includes(':') ? OURS.v6 : OURS.v4}", announced: { med: 100, communities: ["${LOCAL_AS}:100"] }, degraded: { med: 1000, prepend: 3 } }\n`).join('')}
bgp:
  local_as: ${LOCAL_AS}
  router_id: ${OURS.v4}
  run_directory: ${join(directory, 'run')}
  neighbors:
${AS_NUMBERS.map((as, n) => `    - { address: ${ROUTER_ADDRESSES[n]}, peer_as: ${as}, local_address: ${OURS.v4}, families: [ipv4, ipv6] }\n`).join('')}
lease: { socket: ${join(directory, 'lease.sock')} }
decision: { hold_down_seconds: 0.5, hold_down_max_seconds: 0.5, flap_limit: 1000 }
control: { socket: ${join(directory, 'control.sock')}, state_directory: ${directory} }
http: { listen: "off" }
checks:
  - { name: charon, type: charon }
  - name: mark
    type: exec
    class: impaired
    interval_seconds: 0.5
    fast_interval_seconds: 0.5
    timeout_seconds: 0.4
    fall: 1
    limits: { command: [/bin/sh, "-c", "test ! -e ${mark} || exit 2"] }
`;

const addresses = (four: readonly string[], six: readonly string[]): string[] => [
  ...four.map((address) => `addr add ${address}/24 dev swc0`),
  ...six.map((address) => `addr add ${address}/64 dev swc0 nodad`),
];

function ip(namespace: readonly string[], lines: readonly string[]): void {
  const options = namespace.flatMap((name) => ['-n', name]);
  execFileSync('ip', [...options, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Of an earlier run, too. */
function remove(): void {
  for (const name of [GATEWAY, ROUTERS]) {
    try {
      execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
    } catch {
      // There is none.
    }
  }
}

function inNamespace(name: string, words: readonly string[], output: 'pipe' | number): ChildProcess {
  const errors = output === 'pipe' ? 'inherit' : output;
  return spawn('ip', ['netns', 'exec', name, ...words], { stdio: ['ignore', output, errors] });
}
