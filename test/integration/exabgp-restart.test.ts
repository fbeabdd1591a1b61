/**
 * A router that was away for long comes back: announced again at once, not when ExaBGP's own pause ends. In network
 * namespaces, as only a connection refused from afar makes ExaBGP pause (on loopback it tries a hundred times a second).
 *
 *     10.9.0.2 ExaBGP, sidecar ──veth── 10.9.0.1, 10.9.0.4 a router that comes back, 10.9.0.3 one that stays up
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  GUARD_NODE_FLAGS,
  guardCommand,
  renderExabgpConf,
  type NeighborSettings,
} from '../../bgp/exabgp-conf.ts';
import { descendants, processStat, signalProcess } from '../../bgp/procfs.ts';
import { exabgpEnvironment } from '../../bgp/supervisor.ts';

const root = new URL('../..', import.meta.url).pathname;
const EXABGP = '/usr/sbin/exabgp';
const PREFIX = '192.0.2.1/32';
const [GATEWAY, RETURNING, STAYING] = ['10.9.0.2', '10.9.0.1', '10.9.0.3'];
/** The other session of the router that comes back, as with two address families. */
const TOO = '10.9.0.4';
/** Pauses of 0, 0, 1, 2, 3 s lie behind it, one of 4 s before it. */
const FAILED_TRIES = 6;

const problem = missing();
if (problem !== undefined) {
  process.stderr.write(`SKIPPED: test/integration/exabgp-restart.test.ts ${problem}\n`);
}

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: 'pipe' });
}

/** What a program said on stdout and stderr, line by line. */
class Program {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #heard = new Set<() => void>();

  constructor(namespace: string, command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn('ip', ['netns', 'exec', namespace, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.lines.push(...chunk.toString().split('\n').filter(Boolean));
        for (const wake of this.#heard) wake();
        this.#heard.clear();
      });
    }
  }

  async until(condition: (lines: readonly string[]) => boolean): Promise<void> {
    while (!condition(this.lines)) await new Promise<void>((resolve) => this.#heard.add(resolve));
  }

  /** The first JSON line that has this key. */
  async said(key: string): Promise<Record<string, unknown> & { at: number }> {
    for (;;) {
      const found = this.lines.find((line) => line.includes(`"${key}":`));
      if (found !== undefined) return JSON.parse(found) as Record<string, unknown> & { at: number };
      await new Promise<void>((resolve) => this.#heard.add(resolve));
    }
  }

  /** All JSON lines with this key that have something in it. */
  all(key: string): unknown[] {
    return this.lines
      .filter((line) => line.includes(`"${key}":`))
      .map((line) => (JSON.parse(line) as Record<string, unknown>)[key]);
  }

  kill(): void {
    const stat = processStat(this.#child.pid ?? 0);
    if (stat === undefined) return;
    for (const member of [stat, ...descendants(stat.pid)]) signalProcess(member, 'SIGKILL');
  }
}

class Site {
  readonly directory = mkdtempSync(join(tmpdir(), 'swancast-restart-'));
  /** Where it is not the sidecar's child: the guard logs there. */
  exabgp: Program | undefined;
  readonly #programs: Program[] = [];
  readonly #gateway = `swr${process.pid}-gw`;
  readonly #router = `swr${process.pid}-rt`;

  constructor() {
    ip('netns', 'add', this.#gateway);
    ip('netns', 'add', this.#router);
    ip(
      '-n',
      this.#gateway,
      'link',
      'add',
      'veth0',
      'type',
      'veth',
      'peer',
      'name',
      'veth0',
      'netns',
      this.#router,
    );
    for (const [namespace, addresses] of [
      [this.#gateway, [GATEWAY]],
      [this.#router, [RETURNING, STAYING, TOO]],
    ] as const) {
      for (const address of addresses) ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'veth0');
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
      ip('-n', namespace, 'link', 'set', 'veth0', 'up');
    }
  }

  router(address: string): Program {
    return this.#run(this.#router, [
      process.execPath,
      join(root, 'test/fake/bgp-listener-program.ts'),
      address,
      '179',
    ]);
  }

  sidecar(supervised: boolean): Program {
    const common = { localAs: 65001, peerAs: 65000, holdSeconds: 30, port: 179, families: ['ipv4'] } as const;
    const neighbors = [RETURNING, STAYING, TOO].map((address): NeighborSettings => ({
      ...common,
      address,
      localAddress: GATEWAY,
    }));
    const leaseSocket = join(this.directory, 'lease.sock');
    const configText = renderExabgpConf({
      routerId: GATEWAY,
      neighbors,
      guard: guardCommand({
        launcher: join(root, 'deploy/launch-guard.sh'),
        guard: [process.execPath, ...GUARD_NODE_FLAGS, join(root, 'bgp/guard.ts')],
        leaseSocket,
        localAs: 65001,
        ttlMs: 5000,
        maxAgeMs: 10_000,
        handoverMs: 5000,
      }),
    });
    if (!supervised) {
      const file = join(this.directory, 'exabgp.conf');
      writeFileSync(file, configText);
      this.exabgp = this.#run(this.#gateway, [EXABGP, file], exabgpEnvironment(process.env));
    }
    const supervise = supervised && { exabgp: EXABGP, configText, runDirectory: this.directory };
    const announcements = [{ prefix: PREFIX, nextHop: 'self' }];
    const given = JSON.stringify({ leaseSocket, ttlMs: 5000, neighbors, supervise, announcements });
    return this.#run(this.#gateway, [process.execPath, join(root, 'test/fake/sidecar-program.ts'), given]);
  }

  close(): void {
    for (const program of this.#programs) program.kill();
    for (const namespace of [this.#gateway, this.#router]) {
      // ExaBGP runs in a process group of its own and may have lost its parent.
      for (const pid of ip('netns', 'pids', namespace).split('\n').filter(Boolean))
        process.kill(Number(pid), 'SIGKILL');
      ip('netns', 'del', namespace);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #run(namespace: string, command: readonly string[], env?: NodeJS.ProcessEnv): Program {
    const program = new Program(namespace, command, env);
    this.#programs.push(program);
    return program;
  }
}

describe.skipIf(problem !== undefined)('a router that comes back after a long time', () => {
  let site: Site | undefined;
  afterEach(() => {
    site?.close();
    site = undefined;
  });

  it.each([true, false])(
    'is told at once what stands (supervise: %s)',
    { timeout: 120_000 },
    async (supervised) => {
      site = new Site();
      const staying = site.router(STAYING);
      await staying.said('listening');
      const sidecar = site.sidecar(supervised);
      await staying.said('announced');
      const failed = (line: string): boolean => line.includes(`neighbor ${RETURNING} is down`);
      const tries = (lines: readonly string[]): number => lines.filter(failed).length;
      await (site.exabgp ?? sidecar).until((lines) => tries(lines) >= FAILED_TRIES);
      const before = staying.all('announced').length;
      const back = [
        [RETURNING, site.router(RETURNING)],
        [TOO, site.router(TOO)],
      ] as const;
      for (const [address, router] of back) {
        const { at: accepting } = await router.said('listening');
        const { at: told, announced } = await router.said('announced');
        process.stderr.write(
          `router back → announced (supervise: ${supervised}): ${(told - accepting).toFixed(0)} ms after its port accepted\n`,
        );
        expect(announced).toEqual([PREFIX]);
        expect(sidecar.lines.join('\n')).toContain(
          `neighbor ${address} accepts connections again: ExaBGP connects now`,
        );
      }
      // The other one heard the same words again, no more, once for each reload: at most one a session.
      expect(staying.all('announced').length - before).toBeLessThanOrEqual(2);
      expect(staying.all('sessions')).toEqual([1]);
      expect(staying.all('closes')).toEqual([]);
      expect(new Set(staying.all('announced').flat())).toEqual(new Set([PREFIX]));
      expect(staying.all('withdrawn').flat()).toEqual([]);
    },
  );
});

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  if (!existsSync(EXABGP)) return `needs ${EXABGP} (apt-get install exabgp)`;
  try {
    ip('netns', 'list');
    return undefined;
  } catch {
    return 'needs iproute2 and network namespaces';
  }
}
