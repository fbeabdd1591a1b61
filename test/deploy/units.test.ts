/** The units against the program that they run, against each other, and against systemd's own judgement. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exabgpSettings } from '../../bgp/supervisor.ts';
import { SECTIONS } from '../../sidecar/config/schema.ts';

const SYSTEMD = join(import.meta.dirname, '../../deploy/systemd');
const SERVICES = ['swancast', 'swancast-bgp', 'swancast-canary'] as const;
/** Tenths of the exposure level: 1.5. */
const THRESHOLD = 15;

const read = (name: string): string => readFileSync(join(SYSTEMD, name), 'utf8');

/** Each key with all its values; keys of different sections have different names here. */
function unit(name: string): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  for (const line of read(name).split('\n')) {
    const [, key = '', value = ''] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (key !== '') values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
}

const words = (values: readonly string[] | undefined): string[] =>
  (values ?? []).flatMap((value) => value.split(' '));

const seconds = (value: string | undefined): number => {
  const [, number = 'none', unitOf = 's'] = /^(\d+)(ms|s)?$/.exec(value ?? '') ?? [];
  return unitOf === 'ms' ? Number(number) / 1000 : Number(number);
};

const sidecar = unit('swancast.service');
const bgp = unit('swancast-bgp.service');
const dropIn = unit('strongswan.service.d/swancast.conf');

describe('swancast-bgp.service', () => {
  it('gives ExaBGP the settings that it needs, and no others', () => {
    const given = bgp.get('Environment') ?? [];
    // A unit cannot have dots in names; ExaBGP takes both.
    const expected = Object.entries({ ...exabgpSettings(), 'exabgp.daemon.user': 'swancast' }).map(
      ([key, value]) => `${key.replaceAll('.', '_')}=${value}`,
    );
    expect(given.filter((each) => each.startsWith('exabgp')).toSorted()).toEqual(expected.toSorted());
  });

  it('runs the file that it renders, and reloads it by the signal that keeps sessions', () => {
    const file = '/run/swancast/exabgp.conf';
    expect(bgp.get('ExecStart')).toEqual([`/usr/sbin/exabgp ${file}`]);
    expect(bgp.get('ExecStartPre')?.[0]).toMatch(new RegExp(`render exabgp .*--output ${file}$`));
    const [render, signal] = bgp.get('ExecReload') ?? [];
    expect(render).toMatch(new RegExp(`render exabgp .*--output ${file} --reload$`));
    // As its user, without rights, though it begins with all of them.
    expect(render).toContain('--reuid=swancast --regid=swancast --clear-groups');
    expect(render).toContain('--bounding-set=-all');
    expect(signal).toBe('kill -USR1 $MAINPID');
  });

  it('is not ended by what ends swancast, and is started again for ever', () => {
    for (const key of ['PartOf', 'BindsTo', 'Requires', 'StopWhenUnneeded']) expect(bgp.has(key)).toBe(false);
    expect(bgp.get('Restart')).toEqual(['always']);
    expect(bgp.get('StartLimitIntervalSec')).toEqual(['0']);
    // The guard is not the main process, and is killed with the rest when it freezes.
    expect([bgp.get('NotifyAccess'), bgp.get('WatchdogSignal')]).toEqual([['all'], ['SIGKILL']]);
    expect(bgp.get('KillMode')).toEqual(['mixed']);
  });

  it('comes before whoever competes for the CPU', () => {
    expect(Number(bgp.get('Nice')?.[0])).toBeLessThan(Number(sidecar.get('Nice')?.[0]));
    expect(Number(bgp.get('CPUWeight')?.[0])).toBeGreaterThan(Number(sidecar.get('CPUWeight')?.[0]));
    expect(Number(sidecar.get('CPUWeight')?.[0])).toBeGreaterThan(100);
  });

  it('waits for the guard longer than those who look at it first', () => {
    // The lease's length, after which swancast kills a silent guard, and the guard a silent ExaBGP.
    const ttl = SECTIONS.lease.keys.ttl_seconds.default;
    expect(seconds(bgp.get('WatchdogSec')?.[0])).toBeGreaterThan(Math.max(ttl, 5));
  });
});

describe('swancast.service', () => {
  it('hands over at a restart, withdraws at a stop, and has time for either', () => {
    expect(sidecar.get('RestartKillSignal')).toEqual(['SIGUSR2']);
    expect(sidecar.get('KillSignal')).toBeUndefined();
    const hardEnd = /DEADLINE_MS = ([\d_]+)/.exec(
      readFileSync(join(SYSTEMD, '../../sidecar/hard-end.ts'), 'utf8'),
    )?.[1];
    const limit = Number(hardEnd?.replaceAll('_', '')) / 1000;
    expect(seconds(sidecar.get('TimeoutStopSec')?.[0])).toBeGreaterThan(limit);
  });

  it('is started again before the lease of one that was killed is over', () => {
    expect(sidecar.get('Restart')).toEqual(['always']);
    expect(seconds(sidecar.get('RestartSec')?.[0])).toBeLessThan(SECTIONS.lease.keys.ttl_seconds.default / 2);
  });

  it('starts with ExaBGP, and before strongSwan, so that it is there when that stops', () => {
    expect(words(sidecar.get('After'))).toContain('swancast-bgp.service');
    expect(words(sidecar.get('Wants'))).toContain('swancast-bgp.service');
    for (const { key, of } of [
      { key: 'After', of: sidecar },
      { key: 'After', of: bgp },
    ]) {
      expect(words(of.get(key)).filter((each) => each.startsWith('strongswan'))).toEqual([]);
    }
    expect(words(dropIn.get('After'))).toEqual(['swancast.service']);
  });

  it('leaves strongSwan the time of its drain, and then its own', () => {
    const deadline = /--deadline (\d+s)/.exec(dropIn.get('ExecStop')?.[0] ?? '')?.[1];
    expect(seconds(dropIn.get('TimeoutStopSec')?.[0])).toBeGreaterThanOrEqual(seconds(deadline) + 15);
  });

  it('sees processes of other users, as its checks and the end of a frozen guard need it', () => {
    expect(sidecar.get('ProtectProc')).toEqual(['default']);
    expect(sidecar.get('ProcSubset')).toEqual(['all']);
    expect(words(sidecar.get('RestrictAddressFamilies'))).toContain('AF_NETLINK');
  });
});

describe.each(SERVICES)('%s.service', (name) => {
  const given = unit(`${name}.service`);

  it('writes where its files are, and nowhere else in /run', () => {
    const directory = name === 'swancast-canary' ? '/run/swancast-canary' : '/run/swancast';
    expect(given.get('ReadOnlyPaths')).toEqual(['/run']);
    expect(given.get('ReadWritePaths')).toEqual([directory]);
    expect(given.has('RuntimeDirectory')).toBe(false);
    expect(read('tmpfiles.conf')).toMatch(new RegExp(`^d ${directory} 0750 swancast swancast -$`, 'm'));
    expect(given.get('User')).toEqual(['swancast']);
    expect(read('sysusers.conf')).toMatch(/^u swancast /m);
  });

  it('starts only where it is configured', () => {
    const file = name === 'swancast-canary' ? 'canary.yaml' : 'swancast.yaml';
    expect(given.get('ConditionPathExists')).toEqual([`/etc/swancast/${file}`]);
    const mentioned = [...read(`${name}.service`).matchAll(/-c (\S+)/g)].map(([, path]) => path);
    expect(new Set(mentioned)).toEqual(new Set([`/etc/swancast/${file}`]));
  });

  it('answers calls that it may not make, where node would die of a signal', () => {
    expect(given.get('SystemCallErrorNumber')).toEqual(['EPERM']);
    // The engine compiles.
    expect(given.has('MemoryDenyWriteExecute')).toBe(false);
  });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0;

/** The exposure level by systemd, and whether it passes. */
function security(file: string): { readonly level: number; readonly ok: boolean } {
  const { status, stdout } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', `--threshold=${THRESHOLD}`, file],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
  );
  return { level: Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]), ok: status === 0 };
}

describe("systemd's judgement", () => {
  it.for(SERVICES)('of the sandbox of %s is 1.5 at most', (name, { skip }) => {
    if (!hasSystemd) skip('no systemd-analyze here');
    const { level, ok } = security(join(SYSTEMD, `${name}.service`));
    expect(level).toBeLessThanOrEqual(THRESHOLD / 10);
    expect(ok).toBe(true);
  });

  it.for(['CapabilityBoundingSet=', 'SystemCallFilter=@system-service', 'ProtectSystem=strict'])(
    'is another one without %s',
    (line, { skip }) => {
      if (!hasSystemd) skip('no systemd-analyze here');
      const directory = mkdtempSync(join(tmpdir(), 'swancast-units-'));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      const file = join(directory, 'swancast.service');
      const weaker = read('swancast.service').replace(`\n${line}\n`, '\n');
      expect(weaker).not.toBe(read('swancast.service'));
      writeFileSync(file, weaker);
      const { level } = security(file);
      expect(level).toBeGreaterThan(security(join(SYSTEMD, 'swancast.service')).level);
    },
  );

  it('finds the paths and sections in order, but for what is not installed here', ({ skip }) => {
    if (!hasSystemd) skip('no systemd-analyze here');
    const files = SERVICES.map((name) => join(SYSTEMD, `${name}.service`));
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    const complaints = stderr
      .split('\n')
      .filter((line) => /swancast/.test(line) && !/is not executable: No such file/.test(line));
    expect(complaints).toEqual([]);
  });
});

describe('drop-ins', () => {
  const files = readdirSync(join(SYSTEMD, 'drop-ins'));

  it.each(files)('%s says where it goes, and changes a service alone', (file) => {
    const text = read(`drop-ins/${file}`);
    expect(text).toMatch(new RegExp(`^# /etc/systemd/system/swancast(-bgp)?\\.service\\.d/${file}`));
    expect(text.match(/^\[\w+\]$/gm)).toEqual(['[Service]']);
  });
});
