/**
 * Real ExaBGP, real guard and launcher, real Speaker; the neighbors are listeners of ours, which see every
 * UPDATE with its time. Loopback only, ports given by the kernel.
 *
 *   Speaker ─ lease ─ guard ─ exabgp ─┬─ 127.0.0.1 (AS 65000)  eBGP, IPv4
 *                                     ├─ ::1       (AS 65000)  eBGP, IPv6
 *                                     └─ 127.0.0.2 (AS 65001)  iBGP, IPv4
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Announcement } from '../../bgp/announcement.ts';
import {
  GUARD_NODE_FLAGS,
  guardCommand,
  renderExabgpConf,
  type NeighborSettings,
} from '../../bgp/exabgp-conf.ts';
import { descendants, processStat, signalProcess, type ProcessIdentity } from '../../bgp/procfs.ts';
import { Speaker, type SpeakerOptions, type SpeakerReport } from '../../bgp/speaker.ts';
import { exabgpEnvironment } from '../../bgp/supervisor.ts';
import { BgpListener, type BgpListenerOptions } from '../fake/bgp-listener.ts';
import { monotonic } from '../fake/lease-holder.ts';

export const root = new URL('../..', import.meta.url).pathname;
export const EXABGP = '/usr/sbin/exabgp';
export const v4: Announcement = {
  prefix: '192.0.2.1/32',
  nextHop: 'self',
  med: 100,
  localPreference: 250,
  communities: ['65001:100', '65535:0'],
  largeCommunities: ['65001:1:2'],
};
export const v6: Announcement = { prefix: '2001:db8:53::1/128', nextHop: 'self', med: 7, prepend: 2 };

export type Hello = Extract<SpeakerReport, { type: 'hello' }>;

export class Site {
  readonly directory = mkdtempSync(join(tmpdir(), 'swancast-exabgp-'));
  readonly speakers: Speaker[] = [];
  readonly reports: SpeakerReport[] = [];
  readonly renewals = new Set<NodeJS.Timeout>();
  #unit: ChildProcess | undefined;
  readonly ebgp4: BgpListener;
  readonly ebgp6: BgpListener;
  readonly ibgp: BgpListener;

  constructor(ebgp4: BgpListener, ebgp6: BgpListener, ibgp: BgpListener) {
    this.ebgp4 = ebgp4;
    this.ebgp6 = ebgp6;
    this.ibgp = ibgp;
  }

  /** `others`: of the two that `ebgp4` is not about. */
  static async open(ebgp4: BgpListenerOptions = {}, others: BgpListenerOptions = {}): Promise<Site> {
    return new Site(
      await BgpListener.listen('127.0.0.1', 65000, ebgp4),
      await BgpListener.listen('::1', 65000, others),
      await BgpListener.listen('127.0.0.2', 65001, others),
    );
  }

  options(
    ttlMs: number,
    change: Partial<NeighborSettings> = {},
  ): Omit<SpeakerOptions, 'now' | 'log' | 'onReport'> {
    const common = { localAs: 65001, holdSeconds: 9, ...change };
    const neighbors: NeighborSettings[] = [
      {
        ...common,
        address: '127.0.0.1',
        localAddress: '127.0.0.1',
        peerAs: 65000,
        port: this.ebgp4.port,
        families: ['ipv4'],
      },
      {
        ...common,
        address: '::1',
        localAddress: '::1',
        peerAs: 65000,
        port: this.ebgp6.port,
        families: ['ipv6'],
      },
      {
        ...common,
        address: '127.0.0.2',
        localAddress: '127.0.0.1',
        peerAs: 65001,
        port: this.ibgp.port,
        families: ['ipv4'],
      },
    ];
    const leaseSocket = join(this.directory, 'lease.sock');
    const configText = renderExabgpConf({
      routerId: '10.0.0.1',
      neighbors,
      guard: guardCommand({
        launcher: join(root, 'deploy/launch-guard.sh'),
        guard: [process.execPath, ...GUARD_NODE_FLAGS, join(root, 'bgp/guard.ts')],
        leaseSocket,
        localAs: 65001,
        ttlMs,
        maxAgeMs: 3000,
        handoverMs: 5000,
      }),
    });
    return {
      leaseSocket,
      ttlMs,
      neighbors,
      supervise: { exabgp: EXABGP, configText, runDirectory: this.directory },
    };
  }

  /** What the unit's ExaBGP runs from. */
  get unitFile(): string {
    return join(this.directory, 'unit.conf');
  }

  /** ExaBGP as a unit of its own runs it; for `start` with `supervise: false`. `edit`: what it is given to run from. */
  runExabgp(ttlMs: number, edit = (text: string): string => text): ProcessIdentity {
    const { supervise } = this.options(ttlMs);
    if (supervise === false) throw new Error('no configuration');
    writeFileSync(this.unitFile, edit(supervise.configText));
    this.#unit = spawn(EXABGP, [this.unitFile], { env: exabgpEnvironment(process.env), stdio: 'ignore' });
    const stat = processStat(this.#unit.pid ?? 0);
    if (stat === undefined) throw new Error('no ExaBGP');
    return stat;
  }

  /** A sidecar that renews as long as it lives. Sessions are up when this resolves. */
  async start(
    ttlMs: number,
    announcements: readonly Announcement[],
    change: Partial<SpeakerOptions> = {},
  ): Promise<Speaker> {
    const speaker = new Speaker({
      ...this.options(ttlMs),
      now: monotonic,
      log: () => undefined,
      onReport: (report) => this.reports.push(report),
      ...change,
    });
    this.speakers.push(speaker);
    speaker.start();
    speaker.set(1, announcements, monotonic());
    this.renewals.add(setInterval(() => speaker.renew(1, monotonic()), ttlMs / 4));
    await this.up();
    return speaker;
  }

  async up(sessions = 1): Promise<void> {
    for (const listener of [this.ebgp4, this.ebgp6, this.ibgp]) {
      await listener.until(() => listener.sessions >= sessions);
    }
  }

  stopRenewing(): void {
    for (const timer of this.renewals) clearInterval(timer);
  }

  async announced(): Promise<void> {
    await this.ebgp4.until(() => this.ebgp4.routes.has(v4.prefix));
    await this.ebgp6.until(() => this.ebgp6.routes.has(v6.prefix));
    await this.ibgp.until(() => this.ibgp.routes.has(v4.prefix));
  }

  /** Nothing stands any more, whether it was withdrawn or the session went. */
  async bare(): Promise<void> {
    await this.ebgp4.until(() => this.ebgp4.routes.size === 0);
    await this.ebgp6.until(() => this.ebgp6.routes.size === 0);
    await this.ibgp.until(() => this.ibgp.routes.size === 0);
  }

  get exabgp(): ProcessIdentity {
    return JSON.parse(readFileSync(join(this.directory, 'exabgp.pid'), 'utf8')) as ProcessIdentity;
  }

  get guard(): ProcessIdentity {
    const hello = this.reports.findLast((report): report is Hello => report.type === 'hello');
    const stat = processStat(hello?.pid ?? 0);
    if (stat === undefined) throw new Error('no guard');
    return stat;
  }

  async close(): Promise<void> {
    this.stopRenewing();
    for (const speaker of this.speakers) await speaker.stop();
    const unit = processStat(this.#unit?.pid ?? 0);
    for (const member of unit === undefined ? [] : [unit, ...descendants(unit.pid)]) {
      signalProcess(member, 'SIGKILL');
    }
    for (const listener of [this.ebgp4, this.ebgp6, this.ibgp]) await listener.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A lease that does not lapse while a test runs. */
export const LONG_TTL_MS = 20_000;

/** Says so when there is none. `test`: whose tests are skipped then. */
export function exabgpVersion(test: string): string | undefined {
  try {
    return /ExaBGP : (\S+)/.exec(execFileSync(EXABGP, ['--version'], { encoding: 'utf8' }))?.[1];
  } catch {
    process.stderr.write(`SKIPPED: test/integration/${test} needs ${EXABGP} (apt-get install exabgp)\n`);
    return undefined;
  }
}
