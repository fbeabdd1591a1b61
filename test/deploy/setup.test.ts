/** The script with every program that it could change the host with replaced by one that writes down its arguments. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swancast-setup-'));
  for (const name of ['tree', 'tree/deploy', 'bin', 'usr-sbin']) mkdirSync(join(folder, name));
  // The one path outside the tree that it writes to.
  const script = readFileSync(join(ROOT, 'deploy/setup.sh'), 'utf8');
  writeFileSync(join(folder, 'tree/deploy/setup.sh'), script.replaceAll('/usr/sbin/', `${folder}/usr-sbin/`));
  copyFileSync(join(ROOT, 'package-lock.json'), join(folder, 'tree/package-lock.json'));
  mkdirSync(join(folder, 'cache/swancast-lab'), { recursive: true });
  writeFileSync(kernel(), '');
  program('id', 'echo 0');
  program('npm', 'echo noise; mkdir -p node_modules; : >node_modules/.package-lock.json');
  // Installed is what was installed here.
  program(
    'dpkg-query',
    `for name in "$@"; do grep -qx "$name" "${folder}/installed" && echo "installed $name"; done 2>/dev/null; true`,
  );
  program(
    'apt-get',
    `case "$*" in *" -s "*) ;; *install*) cp "${folder}/usr-sbin/policy-rc.d" "${folder}/policy";
      for name in "$@"; do echo "$name"; done >>"${folder}/installed" ;; esac`,
  );
  program(
    'dpkg',
    `[ "$2" != frr ] || printf '/lib/systemd/system/frr.service\\n/lib/systemd/system/frr@.service\\n/usr/lib/frr/bgpd\\n'`,
  );
  for (const name of ['systemctl', 'deb-systemd-helper']) program(name, 'true');
});
afterEach(() => rmSync(folder, { recursive: true }));

const kernel = (): string => join(folder, 'cache/swancast-lab/linux-image-6.1.0-9-cloud-amd64_1_amd64.deb');

function program(name: string, body: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(
    path,
    `#!/bin/sh\nprintf '%s\\n' "${name} $(printf '%s' "$*" | tr '\\n' ' ')" >>"${folder}/calls"\n${body}\n`,
  );
  chmodSync(path, 0o755);
}

function setup(...words: string[]): { status: number | null; out: string; calls: string[] } {
  const calls = join(folder, 'calls');
  rmSync(calls, { force: true });
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache') };
  const script = join(folder, 'tree/deploy/setup.sh');
  const { status, stdout, stderr } = spawnSync('sh', [script, ...words], { env, encoding: 'utf8' });
  return {
    status,
    out: stdout + stderr,
    calls: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [],
  };
}

describe('deploy/setup.sh', () => {
  it('npm: installs the npm packages and nothing else, without a word of npm', () => {
    const { status, out, calls } = setup('npm');
    expect([status, out]).toEqual([0, 'setup: npm ci\n']);
    expect(calls).toEqual([expect.stringMatching(/^npm ci .*--loglevel=error$/)]);
  });

  it('does nothing the second time, and npm again once the lock file is newer', () => {
    setup();
    expect(setup()).toMatchObject({ status: 0, out: '', calls: [expect.stringMatching(/^dpkg-query/)] });
    expect(setup('npm')).toEqual({ status: 0, out: '', calls: [] });
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(folder, 'tree/package-lock.json'), later, later);
    expect(setup('npm').calls).toHaveLength(1);
  });

  it('starts none of the daemons that it installs, now or at the next boot', () => {
    const { status, out, calls } = setup();
    expect([status, out]).toEqual([0, expect.stringContaining(' frr ')]);
    expect(calls.filter((call) => call.startsWith('systemctl'))).toEqual(['systemctl disable frr.service']);
    expect(readFileSync(join(folder, 'policy'), 'utf8')).toContain('exit 101');
    expect(existsSync(join(folder, 'usr-sbin/policy-rc.d'))).toBe(false);
  });

  it('leaves alone what was there before, and the policy that was', () => {
    writeFileSync(join(folder, 'installed'), 'frr\n');
    writeFileSync(join(folder, 'usr-sbin/policy-rc.d'), 'mine');
    const { status, calls } = setup();
    expect(status).toBe(0);
    expect(calls.filter((call) => call.startsWith('systemctl'))).toEqual([]);
    expect(readFileSync(join(folder, 'usr-sbin/policy-rc.d'), 'utf8')).toBe('mine');
  });

  it('disables what came although the installation failed in the end', () => {
    program('apt-get', 'case "$*" in *" -s "*|*update*) ;; *) exit 100 ;; esac');
    const { status, calls } = setup();
    expect(status).not.toBe(0);
    expect(calls).toContain('systemctl disable frr.service');
    expect(existsSync(join(folder, 'usr-sbin/policy-rc.d'))).toBe(false);
  });

  it.skipIf(process.arch !== 'x64')(
    "downloads a kernel for the lab's virtual machine once, and goes on without",
    () => {
      rmSync(kernel());
      program('apt-cache', 'echo "  Depends: linux-image-6.1.0-9-cloud-amd64"');
      const without = setup();
      expect([without.status, without.out]).toEqual([0, expect.stringContaining('downloading a kernel')]);
      expect(without.calls.join()).toContain('download linux-image-6.1.0-9-cloud-amd64');
      writeFileSync(kernel(), '');
      expect(setup().calls.join()).not.toContain('download');
    },
  );

  it('knows no other word', () => {
    expect(setup('all')).toMatchObject({ status: 2, calls: [] });
  });
});
