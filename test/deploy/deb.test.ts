import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianChangelog } from '../../deploy/deb/changelog.ts';
import { copyright } from '../../deploy/deb/copyright.ts';
import { sourceDateEpoch } from '../../deploy/deb/epoch.ts';
import { wrapped } from '../../deploy/deb/wrapped.ts';

const root = join(import.meta.dirname, '../..');
const EPOCH = '1767225600';
const MIB = 1024 * 1024;

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
/** The binary of the other architecture would have to be fetched. */
const canBuild = has('dpkg-deb') && process.platform === 'linux' && process.arch === 'x64';

/** Runs a program to its end, and gives what it printed. */
function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    ...options,
  });
  expect(`${status} ${stderr}`).toMatch(/^0 /);
  return stdout;
}

/** `make deb`, but faster: with the least that zstd can do, so it is no smaller than the one that ships. */
const build = (tree: string, out: string, env: NodeJS.ProcessEnv = {}, umask = '022'): string => {
  const command = `umask ${umask}; exec "$0" deploy/deb/main.ts --arch amd64 --level 2 --version 9.8.7-rc.1 --out "$1"`;
  run('sh', ['-c', command, process.execPath, out], {
    cwd: tree,
    env: { ...process.env, SOURCE_DATE_EPOCH: EPOCH, ...env },
  });
  return join(out, 'swancast_9.8.7~rc.1_amd64.deb');
};

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}

describe.skipIf(!canBuild)('the Debian package (needs dpkg-deb, on amd64)', () => {
  let folder: string;
  let deb: string;
  let target: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'swancast-deb-test-'));
    deb = build(root, join(folder, 'first'));
    target = join(folder, 'unpacked');
    run('dpkg-deb', ['-x', deb, target]);
    run('dpkg-deb', ['-e', deb, join(target, 'DEBIAN')]);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is the same when built again elsewhere, by somebody else, at another time', () => {
    const copy = join(folder, 'another place');
    const left = new Set(['node_modules', 'dist', '.git', 'logs']);
    for (const name of readdirSync(root))
      if (!left.has(name)) cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const again = build(copy, join(folder, 'second'), { TZ: 'Asia/Kolkata', LC_ALL: 'C' }, '077');
    const sums = (out: string): string[] =>
      readdirSync(join(folder, out)).map((name) => `${sha256(join(folder, out, name))} ${name}`);
    expect(sums('second')).toEqual(sums('first'));
    expect(again).not.toBe(deb);
  }, 120_000);

  it('has no time in it but that of the sources', () => {
    expect(run('dpkg-deb', ['-c', deb])).not.toMatch(/ 20(?!26-01-01 00:00 )\d\d-\d\d-\d\d \d\d:\d\d /);
  });

  it('is small enough', () => {
    expect(statSync(deb).size).toBeLessThan(45 * MIB);
  });

  it('belongs to root, has all parts in their places, and no more rights than they need', () => {
    const files = new Map(
      run('dpkg-deb', ['-c', deb])
        .trim()
        .split('\n')
        .map((line) => {
          const [mode = '', owner = '', , , , path = ''] = line.split(/\s+/);
          expect(owner).toBe('root/root');
          return [path.slice(1), mode];
        }),
    );
    const wanted = {
      '/etc/swancast/': 'drwxr-x---',
      '/usr/bin/swancast': '-rwxr-xr-x',
      '/usr/lib/swancast/node': '-rwxr-xr-x',
      '/usr/lib/swancast/swancast.cjs': '-rw-r--r--',
      '/usr/lib/swancast/swancast.cjs.map': '-rw-r--r--',
      '/usr/lib/swancast/guard.cjs': '-rw-r--r--',
      '/usr/lib/swancast/guard.cjs.map': '-rw-r--r--',
      '/usr/lib/swancast/launch-guard.sh': '-rwxr-xr-x',
      '/usr/lib/swancast/notify-exec': '-rwxr-xr-x',
      '/usr/lib/systemd/system/swancast.service': '-rw-r--r--',
      '/usr/lib/systemd/system/swancast-bgp.service': '-rw-r--r--',
      '/usr/lib/systemd/system/swancast-canary.service': '-rw-r--r--',
      '/usr/lib/systemd/system/strongswan.service.d/swancast.conf': '-rw-r--r--',
      '/usr/lib/sysusers.d/swancast.conf': '-rw-r--r--',
      '/usr/lib/tmpfiles.d/swancast.conf': '-rw-r--r--',
      '/usr/share/man/man8/swancast.8.gz': '-rw-r--r--',
      '/usr/share/man/man5/swancast.yaml.5.gz': '-rw-r--r--',
      '/usr/share/bash-completion/completions/swancast': '-rw-r--r--',
      '/usr/share/zsh/vendor-completions/_swancast': '-rw-r--r--',
      '/usr/share/fish/vendor_completions.d/swancast.fish': '-rw-r--r--',
      '/usr/share/doc/swancast/copyright': '-rw-r--r--',
      '/usr/share/doc/swancast/examples/swancast.example.yaml': '-rw-r--r--',
      '/usr/share/doc/swancast/examples/nftables/gtsm.nft': '-rw-r--r--',
    };
    for (const [path, mode] of Object.entries(wanted))
      expect(`${files.get(path)} ${path}`).toBe(`${mode} ${path}`);
    expect([...files].filter(([, mode]) => /[sStT]|^-.{7}w/.test(mode))).toEqual([]);
    expect([...files.keys()].filter((path) => path.startsWith('/run') || path.startsWith('/var'))).toEqual(
      [],
    );
  });

  it('has what dpkg wants to know, with the configuration no conffile', () => {
    const control = run('dpkg-deb', ['-f', deb]);
    expect(control).toMatch(/^Version: 9\.8\.7~rc\.1$/m);
    expect(control).toMatch(/^Architecture: amd64$/m);
    expect(control).toMatch(/^Depends: .*exabgp \(>= 4\.2\.21\)/m);
    expect(run('dpkg-deb', ['-I', deb, 'conffiles'])).toBe('/etc/needrestart/conf.d/swancast.conf\n');
  });

  it('runs from where it is unpacked, and knows its version', () => {
    const lib = join(target, 'usr/lib/swancast');
    expect(run(join(lib, 'node'), [join(lib, 'swancast.cjs'), 'version'])).toBe('swancast 9.8.7-rc.1\n');
    expect(run('md5sum', ['--check', '--quiet', 'DEBIAN/md5sums'], { cwd: target })).toBe('');
    const example = join(target, 'usr/share/doc/swancast/examples/swancast.example.yaml');
    const rendered = run(join(lib, 'node'), [join(lib, 'swancast.cjs'), 'render', 'exabgp', '-c', example]);
    expect(rendered).toContain(`${lib}/launch-guard.sh`);
    expect(rendered).toContain(`${lib}/guard.cjs`);
  });

  it('has checksums and a bill of materials beside it: every npm package and Node, with hash and licence', () => {
    const first = join(folder, 'first');
    expect(run('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: first })).toBe('');
    const bill = JSON.parse(readFileSync(deb.replace(/deb$/, 'cdx.json'), 'utf8')) as {
      readonly specVersion: string;
      readonly metadata: { readonly component: Component };
      readonly components: readonly Component[];
    };
    expect(bill.specVersion).toBe('1.6');
    expect(bill.metadata.component.hashes?.[0]?.content).toBe(sha256(deb));
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    for (const [name, version] of Object.entries(dependencies))
      expect(bill.components.find((each) => each.name === name)?.purl).toBe(`pkg:npm/${name}@${version}`);
    const node = bill.components.find(({ name }) => name === 'node');
    expect(node?.version).toBe(process.versions.node);
    expect(node?.hashes?.[0]?.content).toBe(sha256(join(target, 'usr/lib/swancast/node')));
    for (const { name, hashes, licenses } of bill.components)
      expect([name, hashes?.length, licenses?.length]).toEqual([name, 1, 1]);
  });
});

describe('the scripts of the package', () => {
  const scripts = ['preinst', 'postinst', 'prerm', 'postrm', 'swancast'].map((name) =>
    join(root, 'deploy/deb', name),
  );

  it('are such that sh reads them', () => {
    for (const script of scripts) run('sh', ['-n', script]);
    expect(scripts.map((path) => basename(path))).toContain('postinst');
  });

  it.skipIf(!has('shellcheck'))('shellcheck has nothing to say (needs shellcheck)', () => {
    expect(run('shellcheck', ['-s', 'sh', ...scripts])).toBe('');
  });

  // On a copy of its places, with nothing of the machine but rm.
  it('leave nothing behind after a purge, and all of it after a removal', () => {
    const place = mkdtempSync(join(tmpdir(), 'swancast-purge-'));
    try {
      const script = join(place, 'postrm');
      const text = readFileSync(join(root, 'deploy/deb/postrm'), 'utf8');
      writeFileSync(script, text.replaceAll(/ \/(?=(?:etc|var|run)\/)/gu, ` ${place}/`));
      const names = ['etc/swancast', 'var/lib/swancast', 'var/cache/swancast', 'run/swancast'];
      const own = [...names, 'run/swancast-canary'];
      for (const path of own) mkdirSync(join(place, path, 'below'), { recursive: true });
      for (const path of own) mkdirSync(join(place, `${path}-of-another`));
      mkdirSync(join(place, 'bin'));
      symlinkSync('/bin/rm', join(place, 'bin/rm'));
      const there = (more = ''): string[] => own.filter((path) => existsSync(join(place, `${path}${more}`)));
      const env = { PATH: join(place, 'bin') };
      run('/bin/sh', [script, 'remove'], { env });
      expect(there()).toEqual(own);
      run('/bin/sh', [script, 'purge'], { env });
      expect(there()).toEqual([]);
      expect(there('-of-another')).toEqual(own);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  it('refuse what dpkg never says, and touch nothing then', () => {
    for (const script of scripts.filter((path) => /postinst|prerm|postrm/.test(path))) {
      const { status, stderr } = spawnSync('sh', [script, 'no-such-word'], { encoding: 'utf8' });
      expect(`${status} ${stderr}`).toBe(`1 ${basename(script)}: unknown argument: no-such-word\n`);
    }
  });
});

describe('SOURCE_DATE_EPOCH', () => {
  it('goes before the last commit, and has to be a number', () => {
    const before = process.env['SOURCE_DATE_EPOCH'];
    try {
      process.env['SOURCE_DATE_EPOCH'] = EPOCH;
      expect(sourceDateEpoch(root)).toBe(Number(EPOCH));
      process.env['SOURCE_DATE_EPOCH'] = 'today';
      expect(() => sourceDateEpoch(root)).toThrow('SOURCE_DATE_EPOCH=today: seconds since 1970 expected');
    } finally {
      if (before === undefined) delete process.env['SOURCE_DATE_EPOCH'];
      else process.env['SOURCE_DATE_EPOCH'] = before;
    }
  });
});

describe('the changelog', () => {
  it('becomes one of Debian, a section an entry', () => {
    const markdown = [
      '# Changelog',
      '## [Unreleased]',
      '### Fixed',
      '- One thing,\n  in two lines.',
      '- Another.',
      '## [0.1.0] - 2026-01-02',
      '### Added',
      '- All.\n',
    ].join('\n\n');
    expect(debianChangelog(markdown, '0.2.0', Number(EPOCH))).toBe(
      [
        'swancast (0.2.0) stable; urgency=medium',
        '',
        '  [ Fixed ]',
        '  * One thing, in two lines.',
        '  * Another.',
        '',
        ' -- The swancast authors <swancast@packages.invalid>  Thu, 01 Jan 2026 00:00:00 +0000',
        '',
        'swancast (0.1.0) stable; urgency=medium',
        '',
        '  [ Added ]',
        '  * All.',
        '',
        ' -- The swancast authors <swancast@packages.invalid>  Fri, 02 Jan 2026 00:00:00 +0000',
        '',
      ].join('\n'),
    );
  });

  it('is in lines that fit, but for words that do not', () => {
    expect(wrapped(`  * ${'word '.repeat(20).trim()}`, '    ').split('\n')).toEqual([
      `  * ${'word '.repeat(15).trim()}`,
      `    ${'word '.repeat(5).trim()}`,
    ]);
    expect(wrapped(`a ${'b'.repeat(90)} c`, ' ')).toBe(`a\n ${'b'.repeat(90)}\n c`);
  });
});

describe('the copyright file', () => {
  it('names the holders, and has every licence in full, without lines that end it early', () => {
    const text = copyright('MIT License\n\nCopyright (c) 2026 Us\n\nText.\n', [], 'Node.\n\nMore.');
    expect(text).toContain(
      'Files: *\nCopyright: 2026 Us\nLicense: Expat\n MIT License\n .\n Copyright (c) 2026 Us',
    );
    expect(text).toContain('License: Node.js\n Node.\n .\n More.\n');
  });
});

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
