/** The role's own modules and the callback beside the plays, as far as that goes without hosts: test/hosts runs them. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const ansible = join(import.meta.dirname, '../../deploy/ansible');
// Debian's, which ansible-core belongs to.
const PYTHON = '/usr/bin/python3';
const hasAnsible = spawnSync(PYTHON, ['-c', 'import ansible.module_utils.basic']).status === 0;
if (!hasAnsible)
  process.stderr.write('SKIPPED: the modules of the role, for want of ansible-core (make setup)\n');

/** Runs Python with the modules and the callback at hand. @returns what it prints, as JSON */
function python(lines: readonly string[], input: unknown): unknown {
  const program = [
    'import json, os, sys, types',
    'sys.dont_write_bytecode = True',
    ...['roles/swancast/library', 'callback_plugins'].map(
      (path) => `sys.path.insert(0, ${JSON.stringify(join(ansible, path))})`,
    ),
    'given = json.load(sys.stdin)',
    ...lines,
  ].join('\n');
  const { stdout, stderr } = spawnSync(PYTHON, ['-c', program], {
    input: JSON.stringify(input),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as unknown;
}

describe.skipIf(!hasAnsible)('swancast_drain', () => {
  const drain = { who: 'ansible', phase: 'done', timed_out: false, remaining_seconds: 1000 };
  const judged = (inForce: object | null, needed: number): unknown =>
    python(
      [
        'import swancast_drain',
        'print(json.dumps(swancast_drain.judged(given["drain"], "ansible", given["needed"])))',
      ],
      { drain: inForce, needed },
    );

  it('drains what is not drained, and does nothing where it lasts long enough', () => {
    expect(judged(null, 900)).toBe('order');
    expect(judged(drain, 1000)).toBe('nothing');
    expect(judged({ ...drain, remaining_seconds: null }, 1000)).toBe('nothing');
  });

  it('orders its own drain anew before it could end, and where it is not done', () => {
    expect(judged(drain, 1001)).toBe('order');
    expect(judged({ ...drain, phase: 'terminating' }, 900)).toBe('order');
    expect(judged({ ...drain, timed_out: true }, 900)).toBe('order');
  });

  it("relies on somebody else's only while that lasts", () => {
    expect(judged({ ...drain, who: 'alice' }, 1000)).toBe('nothing');
    expect(judged({ ...drain, who: 'alice' }, 1001)).toBe('refuse');
    expect(judged({ ...drain, who: 'alice', phase: 'terminating' }, 1000)).toBe('order');
  });

  describe('with a swancast that says what it is asked', () => {
    let directory = '';
    beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'swancast-drain-'))));
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    const orders = (isOurs: boolean): unknown => {
      const program = join(directory, 'swancast');
      writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$*" >>${directory}/asked\n`);
      chmodSync(program, 0o755);
      rmSync(join(directory, 'asked'), { force: true });
      const params = { who: 'ansible', reason: 'x', deadline: 300, lasts: 1260 };
      python(
        [
          'import swancast_drain',
          `swancast_drain.PROGRAM = ${JSON.stringify(program)}`,
          'print(json.dumps(swancast_drain.order(given, is_ours=given["is_ours"])))',
        ],
        { ...params, is_ours: isOurs },
      );
      return readFileSync(join(directory, 'asked'), 'utf8');
    };

    it('has every drain end by itself', () => {
      expect(orders(false)).toBe('drain --as=ansible --reason=x --wait --deadline=300s --for=1260s\n');
    });

    it('lets nothing speak against a longer one', () => {
      expect(orders(true)).toMatch(/ --for=1260s --force\n$/);
    });
  });
});

describe.skipIf(!hasAnsible || process.getuid?.() !== 0)('swancast_keep (as root)', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'swancast-keep-'));
    return () => rmSync(directory, { recursive: true, force: true });
  });

  /** @param before lines of Python, with the module as `keep` */
  const keptAndBack = (before: readonly string[]): unknown => {
    const file = join(directory, 'swancast.yaml');
    writeFileSync(file, 'before');
    chmodSync(file, 0o660);
    chownSync(file, 0, 12_345);
    const cache = join(directory, 'cache');
    mkdirSync(cache);
    const changed = python(
      [
        'import swancast_keep as keep',
        ...before,
        'cache, file = given["cache"], given["file"]',
        'archive, record = (os.path.join(cache, name) for name in keep.NAMES)',
        'keep.begin(cache, archive, record, {"version": "1", "paths": [file]})',
        'open(file, "w").write("after")',
        'print(json.dumps([keep.bring_back(archive, [file]), keep.bring_back(archive, [file])]))',
      ],
      { cache, file },
    );
    const { mode, gid } = statSync(file);
    return [changed, readFileSync(file, 'utf8'), (mode & 0o777).toString(8), gid];
  };

  it('brings files back with their owners and modes, and then changes nothing more', () => {
    expect(keptAndBack([])).toEqual([[true, false], 'before', '660', 12_345]);
  });

  // Python 3.14 takes "data" where nothing is said, which drops owners.
  it('says which filter it wants where Python has some', () => {
    const asked = keptAndBack([
      'import tarfile',
      'tarfile.fully_trusted_filter = lambda member, path: member',
      'plain = tarfile.TarFile.extractall',
      'def extractall(self, path, *, filter):',
      '    assert filter == "fully_trusted", filter',
      '    plain(self, path)',
      'tarfile.TarFile.extractall = extractall',
    ]);
    expect(asked).toEqual([[true, false], 'before', '660', 12_345]);
  });

  it('keeps nothing of a first installation that goes on', () => {
    const cache = join(directory, 'cache');
    mkdirSync(cache);
    writeFileSync(join(cache, 'unfinished'), '');
    const lines = [
      'import swancast_keep as keep',
      'archive, record = (os.path.join(given, name) for name in keep.NAMES)',
      'keep.begin(given, archive, record, {"version": "", "paths": ["/etc/hostname"]})',
      'print(json.dumps(sorted(os.listdir(given))))',
    ];
    expect(python(lines, cache)).toEqual(['unfinished']);
  });
});

describe.skipIf(!hasAnsible)('swancast_look', () => {
  // A drain that ended by itself says nothing any more of an upgrade that was interrupted.
  it('knows a strongSwan that an upgrade replaced, and that was not restarted', () => {
    const directory = mkdtempSync(join(tmpdir(), 'swancast-look-'));
    const program = join(directory, 'ipsec', 'charon-systemd');
    mkdirSync(join(directory, 'ipsec'));
    copyFileSync('/bin/sleep', program);
    chmodSync(program, 0o755);
    const charon = spawn(program, ['60'], { stdio: 'ignore' });
    const isOutdated = (pid: number | undefined): unknown =>
      python(['import swancast_look', 'print(json.dumps(swancast_look.is_outdated(given)))'], pid);
    try {
      expect(isOutdated(charon.pid)).toBe(false);
      copyFileSync('/bin/sleep', `${program}.dpkg-new`);
      renameSync(`${program}.dpkg-new`, program);
      expect(isOutdated(charon.pid)).toBe(true);
      expect(isOutdated(0)).toBe(false);
    } finally {
      charon.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!hasAnsible)('swancast_rehearse', () => {
  it.each([
    ['zebra=yes\nbfdd=yes\n', true],
    ['bfdd=yes', true],
    ['#bfdd=yes\nbfdd=no\n', false],
    ['bfdd=yesterday\n', false],
    ['', false],
  ])('knows whole lines of a file: %j', (text, isThere) => {
    const directory = mkdtempSync(join(tmpdir(), 'swancast-lines-'));
    try {
      const file = join(directory, 'daemons');
      writeFileSync(file, text);
      const lines = [
        'import swancast_rehearse',
        'print(json.dumps(swancast_rehearse.has_lines(given, "bfdd=yes\\n")))',
      ];
      expect(python(lines, file)).toBe(isThere);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe.skipIf(!hasAnsible)('what is said of a gateway that is lost', () => {
  /** @param steps what went well before, as the callback is told */
  const said = (steps: readonly string[], lostAt: string, play = 'One gateway after the other'): unknown =>
    python(
      [
        'import swancast_lost',
        'N = types.SimpleNamespace',
        'callback = swancast_lost.CallbackModule()',
        'said = []',
        'callback._display = N(display=lambda text, **_: said.append(text))',
        'hosts = [N(name=name) for name in ("gw1", "gw2", "gw3")]',
        'inventory = N(get_hosts=lambda pattern, ignore_restrictions, order: hosts)',
        'callback.v2_playbook_on_start(N(_file_name="/x/rollout.yml"))',
        'callback.v2_playbook_on_play_start(N(get_name=lambda: given["play"], hosts="gateways", order=None,',
        '    get_variable_manager=lambda: N(_inventory=inventory)))',
        'def result(action, said={}, args={}):',
        '    name = f"swancast : {action}"',
        '    mode = name.endswith("in check mode")',
        '    task = N(action=action, args=args, delegate_to=None, check_mode=mode, get_name=lambda: name)',
        '    return N(_host=hosts[1], _task=task, _result=said)',
        'for step in given["steps"]: callback.v2_runner_on_ok(eval(step))',
        'callback.v2_runner_on_unreachable(result(given["lostAt"]))',
        'callback.v2_playbook_on_stats(None)',
        'print(json.dumps(said))',
      ],
      { steps, lostAt, play },
    );
  const KEPT = 'result("swancast_keep", {"changed": True})';
  const DRAINED = 'result("swancast_drain", {"changed": True, "drained_by": "ansible", "remaining": 1200})';
  const FINISHED = 'result("swancast_keep", {}, {"state": "finished"})';
  const UNDRAINED = 'result("ansible.builtin.command", {"changed": True}, {"argv": ["swancast", "undrain"]})';
  const state = (...of: Parameters<typeof said>): string | undefined => (said(...of) as string[])[1];

  it('is where, in what state, who was not touched, and the way out', () => {
    expect(said([KEPT], 'ansible.builtin.apt')).toEqual([
      'LOST gw2: it could not be reached any more, at the task: ansible.builtin.apt',
      '  its state: between what it was and what it is to be; not drained: it announces while swancast runs there and its checks pass',
      '  not touched: gw3',
      '  the way out, once it can be reached: the same command again (ansible-playbook … rollout.yml), which goes on there',
    ]);
  });

  it('tells whether it is drained', () => {
    expect(state([KEPT, DRAINED], 'ansible.builtin.apt')).toContain(
      '; drained, which ends by itself 20 minutes later',
    );
    expect(state([KEPT, DRAINED, UNDRAINED], 'swancast_wait')).toContain('; not drained');
    expect(state([], 'swancast_drain')).toContain('; perhaps drained');
    expect(state([KEPT, FINISHED], 'ansible.builtin.template')).toContain(
      'as it is to be: there is nothing more',
    );
  });

  it('is that nothing was touched, where nothing was', () => {
    expect(state([], 'swancast_look')).toBe('  its state: as it was, nothing was touched on it');
    expect(state([], 'swancast_apt in check mode')).toContain('nothing was touched on it');
    const preflight = said(
      [KEPT],
      'ansible.builtin.copy',
      'All that can be found out before anything is touched',
    );
    expect(preflight).toContain('  no host was touched');
  });

  it('knows how the plays call what touches nothing', () => {
    const { PREFLIGHT } = python(
      ['import swancast_lost', 'print(json.dumps({"PREFLIGHT": swancast_lost.PREFLIGHT}))'],
      null,
    ) as { readonly PREFLIGHT: string };
    for (const play of ['rollout', 'rollback', 'upgrade-strongswan'])
      expect(readFileSync(join(ansible, `${play}.yml`), 'utf8')).toContain(`- name: ${PREFLIGHT}\n`);
  });
});
