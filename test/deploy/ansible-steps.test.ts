/** How the role's tasks hang together, as they are written: test/hosts runs them. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const directory = join(import.meta.dirname, '../../deploy/ansible');

interface Task extends Readonly<Record<string, unknown>> {
  readonly name: string;
  readonly block?: readonly Task[];
}

const read = (path: string): unknown => parse(readFileSync(join(directory, path), 'utf8'));
/** With those in a block. */
const tasks = (name: string): readonly Task[] =>
  (read(`roles/swancast/tasks/${name}.yml`) as readonly Task[]).flatMap((task) => [
    task,
    ...(task.block ?? []),
  ]);

// A drain ends by itself, and it must not do so while packages are replaced or daemons restarted.
describe('steps on a drained gateway', () => {
  const isStep = (task: Task): boolean =>
    task['ansible.builtin.apt'] !== undefined ||
    task['swancast_apt'] !== undefined ||
    /restarted/.test(JSON.stringify(task['ansible.builtin.systemd'] ?? ''));

  it.each(['install', 'bfd', 'vici', 'run', 'put-back', 'strongswan-upgrade'])(
    'of %s.yml have an end',
    (name) => {
      const steps = tasks(name).filter(isStep);
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) expect(step['timeout']).toBe('{{ swancast_step_seconds | int }}');
    },
  );

  it.each([
    ['bfd', 'Restart FRR'],
    ['vici', 'Restart strongSwan, which is drained or was never announced by swancast'],
    ['run', 'Have ExaBGP run'],
    ['strongswan-upgrade', 'Restart strongSwan'],
  ])('of %s.yml come after a look whether it is drained for long enough', (name, restart) => {
    const names = tasks(name).map((task) => task.name);
    expect(names).toContain('Keep the gateway drained');
    expect(names.indexOf('Keep the gateway drained')).toBe(names.indexOf(restart) - 1);
  });

  it('have more time than the longest of them, whenever one begins', () => {
    const vars = read('roles/swancast/vars/main.yml') as Readonly<Record<string, string>>;
    expect(vars['_swancast_drain_needed']).toBe('{{ swancast_step_seconds | int + 60 }}');
    expect(tasks('drain')[0]?.['swancast_drain']).toMatchObject({
      needed: '{{ _swancast_drain_needed }}',
      lasts: '{{ swancast_drain_seconds | int + _swancast_drain_needed | int }}',
    });
  });
});

// What the pre-flight found may be an hour old when it is the last gateway's turn.
it.each([
  ['rollout', ['look', 'plan', 'gate']],
  ['rollback', ['rollback-preflight', 'gate']],
  ['upgrade-strongswan', ['strongswan-look', 'strongswan-plan', 'gate']],
])('%s.yml looks at each gateway again, before its gate', (name, first) => {
  const [, rolling] = read(`${name}.yml`) as readonly { readonly tasks: readonly Task[] }[];
  const roles = rolling?.tasks.map((task) => task['ansible.builtin.import_role'] as { tasks_from?: string });
  expect(roles?.slice(0, first.length).map((each) => each?.tasks_from)).toEqual(first);
  const looks = first.flatMap((file) => (file === 'gate' ? [] : tasks(file)));
  expect(looks.map(({ register }) => register)).toContain('_swancast_host');
});

// Debian's, which ansible-core belongs to.
const PYTHON = '/usr/bin/python3';
const hasJinja = spawnSync(PYTHON, ['-c', 'import jinja2']).status === 0;

describe.skipIf(!hasJinja)('an upgraded strongSwan', () => {
  it.each([
    ['whose packages restarted it', { pid: 2, outdated: false, active: true }, false],
    ['that runs as before', { pid: 1, outdated: true, active: true }, true],
    ['that crashed before its files were replaced', { pid: 2, outdated: true, active: true }, true],
    ['that did not come up', { pid: 0, outdated: false, active: false }, true],
  ])('%s', (_, strongswan, isRestarted) => {
    const restart = tasks('strongswan-upgrade').find(({ name }) => name === 'Restart strongSwan');
    const program = [
      'import jinja2, json, sys',
      'when, known = json.load(sys.stdin)',
      'print(json.dumps(jinja2.Environment().compile_expression(when)(**known)))',
    ].join('\n');
    const known = { _swancast_host: { strongswan: { pid: 1 } }, _swancast_then: { strongswan } };
    const input = JSON.stringify([restart?.['when'], known]);
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', program], { input, encoding: 'utf8' });
    expect([stderr, JSON.parse(stdout)]).toEqual(['', isRestarted]);
  });
});

describe('a restart of FRR', () => {
  const written = (module: string): unknown[] =>
    tasks('bfd').flatMap((task) => {
      const { path, state } = (task[module] ?? {}) as { readonly path?: string; readonly state?: string };
      return path === undefined || state === 'absent' ? [] : [path];
    });

  // Else the gateway would not be drained for it.
  it('is in the plan, whichever file is the reason', () => {
    const files = [...written('ansible.builtin.lineinfile'), ...written('ansible.builtin.blockinfile')];
    expect(files).toEqual(['{{ _swancast_bfdd_file }}', '{{ _swancast_frr_file }}']);
    const [rehearse] = tasks('plan');
    const { bfd } = (tasks('plan').find(({ name }) => name.startsWith('Decide'))?.['vars'] ?? {}) as {
      readonly bfd?: string;
    };
    for (const file of ['_swancast_bfdd_file', '_swancast_frr_file']) {
      expect(JSON.stringify(rehearse)).toContain(file);
      expect(bfd).toContain(file);
    }
    const restart = tasks('bfd').find(({ name }) => name === 'Restart FRR')?.['ansible.builtin.systemd'];
    expect(restart).toMatchObject({ state: "{{ 'restarted' if _swancast_plan.bfd else 'started' }}" });
  });
});

describe('what fails', () => {
  it('before anything is touched has only its own drain taken back', () => {
    const names = tasks('apply').map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual([
      'Drain the gateway, as something is to be restarted that takes sessions away',
      'Keep what is there',
    ]);
    for (const name of ['failed', 'strongswan-failed']) {
      const back = tasks(name).find(
        (task) => task['ansible.builtin.include_tasks'] === 'take-back-drain.yml',
      );
      expect(back?.['when']).toMatch(/not _swancast_(?:upgrade_)?has_begun$/u);
    }
    const [keep] = tasks('keep');
    const upgrade = tasks('strongswan-upgrade').find(({ swancast_apt: apt }) => apt !== undefined);
    expect([keep?.['register'], upgrade?.['register']]).toEqual(['_swancast_keep', '_swancast_upgraded']);
  });

  // ansible-core counts a lost host twice with any_errors_fatal (run_once implies it), and a batch of one then has
  // not failed as a whole: the play would go on with the next gateway.
  it.each(['rollout', 'rollback', 'upgrade-strongswan'])('stops %s.yml, also a host that is lost', (name) => {
    const plays = read(`${name}.yml`) as readonly Readonly<Record<string, unknown>>[];
    expect(plays.map(({ serial, any_errors_fatal: fatal }) => [serial, fatal])).toEqual([
      [undefined, true],
      [1, undefined],
    ]);
    expect(JSON.stringify(tasks('prometheus'))).not.toContain('run_once');
  });

  it('is put back, but not for want of a file of Prometheus: that comes after', () => {
    const [, rolling] = read('rollout.yml') as readonly { readonly tasks: readonly Task[] }[];
    expect(rolling?.tasks.map(({ name }) => name)).toEqual([
      'Look again',
      'Plan again',
      'Gate',
      'From what it is to what it is to be',
      'Tell Prometheus',
    ]);
    expect(JSON.stringify([rolling?.tasks[1], tasks('apply')])).not.toContain('prometheus');
    expect(tasks('main').at(-1)?.name).toBe('Tell Prometheus');
  });

  it('for the first time on a gateway leaves no unit that the next boot would start', () => {
    const stop = tasks('failed').find(({ name }) => name.startsWith('Stop what has never run before'));
    expect(stop?.['ansible.builtin.systemd']).toMatchObject({ state: 'stopped', enabled: false });
    expect(stop?.['loop']).toEqual(['swancast.service', 'swancast-bgp.service', 'swancast-nftables.service']);
  });
});
