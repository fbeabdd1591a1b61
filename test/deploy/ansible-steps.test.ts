/** How the role's tasks hang together, as they are written: test/hosts runs them. */
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

describe('what fails', () => {
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
