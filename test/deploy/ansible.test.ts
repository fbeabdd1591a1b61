/** The Ansible role and its plays, as far as that goes without hosts: test/hosts runs them. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const directory = join(import.meta.dirname, '../../deploy/ansible');
const role = join(directory, 'roles/swancast');
const read = (...path: readonly string[]): string => readFileSync(join(directory, ...path), 'utf8');

interface Option {
  readonly type: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly description: string;
  readonly options?: Readonly<Record<string, Option>>;
}
interface Task extends Readonly<Record<string, unknown>> {
  readonly tags?: readonly string[];
  readonly block?: readonly Task[];
}
interface Specs {
  readonly argument_specs: Readonly<Record<string, { readonly options: Readonly<Record<string, Option>> }>>;
}

const specs = (parse(read('roles/swancast/meta/argument_specs.yml')) as Specs).argument_specs;
const options = specs['main']?.options ?? {};
const defaults = parse(read('roles/swancast/defaults/main.yml')) as Readonly<Record<string, unknown>>;
const plays = readdirSync(directory).filter((name) => name.endsWith('.yml') && !name.startsWith('inventory'));

const isThere = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const hasAnsible = isThere('ansible-playbook');
const hasLint = isThere('ansible-lint');
if (!hasAnsible || !hasLint)
  process.stderr.write('SKIPPED: the Ansible plays, for want of ansible-core or ansible-lint (make setup)\n');

function row(name: string, { type, required = false, default: value, description }: Option): string {
  const shown = required
    ? 'required'
    : value === undefined || value === ''
      ? ''
      : `\`${JSON.stringify(value)}\``;
  return `| \`${name}\` | ${type} | ${shown} | ${description.replaceAll('|', '\\|').trim()} |`;
}

function variablesTable(): string {
  const rows = Object.entries(options).flatMap(([name, option]) => [
    row(name, option),
    ...Object.entries(option.options ?? {}).map(([key, each]) => row(`${name}.${key}`, each)),
  ]);
  return ['| variable | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

const TABLE = /(<!-- generated: variables -->\n)[^]*?(<!-- end -->)/;
const documented = (readme: string): string => readme.replace(TABLE, `$1${variablesTable()}\n$2`);

describe('the variables of the role', () => {
  it('are all described, and have the default that is said', () => {
    const said = Object.entries(options).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    expect(defaults).toEqual(Object.fromEntries(said));
    expect(said.length).toBeGreaterThan(10);
  });

  it('are described well enough for whoever reads the table', () => {
    const poor = Object.entries(options).filter(([, { description }]) => description.length < 20);
    expect(poor).toEqual([]);
  });

  it('are the same for every entry point', () => {
    for (const { options: each } of Object.values(specs)) expect(each).toEqual(options);
  });

  it('are all that plays, tasks and templates use', () => {
    const files = readdirSync(role, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(yml|j2)$/.test(name),
    );
    const texts = [...files.map((name) => read('roles/swancast', name)), ...plays.map((name) => read(name))];
    const used = texts.flatMap(
      (text) => text.match(/(?<![\w-]|(?<!its)\.)swancast_[a-z_]+(?=[^\w:]|$)/gm) ?? [],
    );
    // Modules, and what nftables has.
    const own = readdirSync(join(role, 'library')).map((name) => name.replace('.py', ''));
    const unknown = new Set(used.filter((name) => options[name] === undefined && !own.includes(name)));
    expect([...unknown].filter((name) => name !== 'swancast_mss')).toEqual([]);
    // The others are Ansible's own.
    for (const name of Object.keys(options).filter((each) => each.startsWith('swancast_')))
      expect(used).toContain(name);
  });

  // "-e swancast_gate=false" is text, and text that is not empty counts as true.
  it('that are true or false are read as such', () => {
    const names = Object.entries(options).flatMap(([name, { type }]) => (type === 'bool' ? [name] : []));
    expect(names).toContain('swancast_gate');
    const files = ['tasks', 'vars', 'templates'].flatMap((part) =>
      readdirSync(join(role, part)).map((name) => read('roles/swancast', part, name)),
    );
    const uses = files.flatMap(
      (text) => text.match(/(?:\b(?:when:|if|and|or|not) |\{\{ )swancast_[a-z_]+\b(?!=).{0,7}/g) ?? [],
    );
    const ofBools = uses.filter((use) => names.some((name) => new RegExp(`${name}\\b`).test(use)));
    expect(ofBools.length).toBeGreaterThan(5);
    expect(ofBools.filter((use) => !use.endsWith(' | bool'))).toEqual([]);
  });

  it('are in the table of the README: UPDATE=1 writes it', () => {
    const file = join(directory, 'README.md');
    const before = readFileSync(file, 'utf8');
    if (process.env['UPDATE'] === '1') writeFileSync(file, documented(before));
    expect(documented(readFileSync(file, 'utf8'))).toBe(readFileSync(file, 'utf8'));
    expect(before).toMatch(TABLE);
  });

  it('of the example inventory are known', () => {
    const names = read('inventory.example.yml').match(/\bswancast_[a-z_]+(?=:)/g) ?? [];
    expect(names).toContain('swancast_config');
    expect(names.filter((name) => options[name] === undefined)).toEqual([]);
  });
});

/** With those in a block. */
const tasks = (name: string): readonly Task[] =>
  (parse(read('roles/swancast/tasks', `${name}.yml`)) as readonly Task[]).flatMap((task) => [
    task,
    ...(task.block ?? []),
  ]);

describe('what is kept', () => {
  // keep.yml runs where there is something to do, and after the drain: else what lies there is of the roll-out before.
  it('is brought back by a roll-out that kept it, and by no other', () => {
    const condition = (file: string, included: string): unknown => {
      return tasks(file).find((task) =>
        JSON.stringify(task['ansible.builtin.include_tasks'] ?? '').includes(included),
      )?.when;
    };
    expect(condition('apply', 'keep.yml')).toBe('_swancast_plan.any');
    expect(condition('failed', 'put-back.yml')).toContain('and _swancast_has_begun');
  });
});

describe('the README', () => {
  it('names every play and every tag', () => {
    const readme = read('README.md');
    const tags = new Set([...tasks('apply'), ...tasks('main')].flatMap(({ tags: list }) => list ?? []));
    tags.delete('always');
    expect(tags.size).toBe(8);
    for (const name of plays) expect(readme).toContain(`\`${name}`);
    for (const tag of tags) expect(readme).toContain(`\`${tag}\``);
  });
});

// As an operator has it: a copy, for Ansible and its linter look at the repository around it.
describe.skipIf(!hasAnsible || !hasLint)('the plays', { timeout: 300_000 }, () => {
  let copy = '';
  const run = (
    program: string,
    ...args: readonly string[]
  ): { readonly status: number | null; readonly said: string } => {
    const env = {
      ...process.env,
      HOME: copy,
      ANSIBLE_LOCAL_TEMP: join(copy, 'tmp'),
      ANSIBLE_NOCOLOR: '1',
      NO_COLOR: '1',
    };
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: join(copy, 'ansible'),
      env,
      encoding: 'utf8',
    });
    return { status, said: `${stdout}${stderr}` };
  };

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'swancast-ansible-'));
    cpSync(directory, join(copy, 'ansible'), { recursive: true });
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('pass the linter with its strictest profile', () => {
    const { status, said } = run(
      'ansible-lint',
      '--offline',
      '--strict',
      '-p',
      '--nocolor',
      ...plays,
      'roles/swancast',
    );
    expect(said).not.toMatch(/^(roles|[a-z-]+\.yml).*:\d+: /m);
    expect(said).toContain('production');
    expect(status).toBe(0);
  });

  it('are understood by Ansible', () => {
    const { status, said } = run(
      'ansible-playbook',
      '--syntax-check',
      '-i',
      'inventory.example.yml',
      ...plays,
    );
    for (const play of plays) expect(said).toContain(`playbook: ${play}`);
    expect(status).toBe(0);
  });

  /** Each case is a host of its own, so that one run does for all of them. @returns what is said of each of them */
  function refusals(cases: Readonly<Record<string, object>>): Readonly<Record<string, string>> {
    const inventory = join(copy, 'inventory.yml');
    const connection = { ansible_connection: 'local', ansible_become: false };
    const hosts = Object.entries(cases).map(([name, variables]) => [name, { ...connection, ...variables }]);
    writeFileSync(inventory, JSON.stringify({ gateways: { hosts: Object.fromEntries(hosts) } }));
    const { status, said } = run('ansible-playbook', '-i', inventory, 'rollout.yml');
    expect(said).not.toContain('Look at the gateway');
    expect(said).not.toContain('secret-of-the-test');
    expect(status).toBe(2);
    const failures = [...said.matchAll(/^fatal: \[([a-z]+)\][^]*?"msg": "((?:[^"\\]|\\.)*)"/gm)];
    return Object.fromEntries(failures.map(([, host = '', text = '']) => [host, text]));
  }

  it('refuse variables that are missing or ill-typed before they look at any host', () => {
    const refused = refusals({
      missing: {},
      illtyped: { swancast_config: {}, swancast_gate_seconds: 'soon' },
      nested: { swancast_config: {}, swancast_bfd: { peers: [{ address: '10.1.1.1', interface: 'eth0' }] } },
      secret: { swancast_config: {}, swancast_credentials: 'secret-of-the-test' },
    });
    expect(refused).toEqual({
      missing: expect.stringContaining('missing required arguments: swancast_config') as string,
      illtyped: expect.stringContaining('swancast_gate_seconds') as string,
      nested: expect.stringMatching(/local_address found in swancast_bfd/) as string,
      secret: expect.stringContaining('swancast_credentials') as string,
    });
  });

  it('refuse variables that are unknown or wrong before they look at any host', () => {
    const config = { swancast_config: { log: { level: 'info' } } };
    const targets = { swancast_prometheus_targets_file: join(copy, 'targets.json') };
    const refused = refusals({
      unknown: { ...config, swancast_pakage: 'x' },
      empty: { swancast_config: {} },
      gone: { ...config, swancast_package: '/nowhere/swancast_1.0_amd64.deb' },
      odd: { ...config, swancast_package: '/nowhere/new.deb' },
      two: { ...config, swancast_package: '/x/swancast_1_amd64.deb', swancast_repository_version: '1' },
      name: { ...config, swancast_credentials: { '../x': 'secret-of-the-test' } },
      text: { ...config, swancast_strongswan_packages: 'charon-systemd' },
      size: { ...config, swancast_mss_clamp: 13 },
      loopback: { ...config, ...targets },
      wildcard: { swancast_config: { http: { listen: '[::]:9179' } }, ...targets },
    });
    const of = (text: string): string => expect.stringContaining(text) as string;
    expect(refused).toEqual({
      unknown: of('unknown: no such variable: swancast_pakage. There are: swancast_announced_seconds, '),
      empty: of('swancast_config: it is empty'),
      gone: of('swancast_package: /nowhere/swancast_1.0_amd64.deb is not on the controller'),
      odd: of('swancast_package: /nowhere/new.deb is not named swancast_VERSION_ARCHITECTURE.deb'),
      two: of('swancast_package and swancast_repository_version are both given'),
      name: of('swancast_credentials: names of letters'),
      text: of('a list or a mapping is expected'),
      size: of('swancast_mss_clamp: 13 is not 0, nor 536 to 8960 bytes'),
      loopback: of('swancast_prometheus_target: name the ADDRESS:PORT'),
      wildcard: of('http.listen ([::]:9179) is no address for others'),
    });
    for (const text of Object.values(refused)) expect(text).toContain('Nothing was touched.');
  });

  // What only comes to light when the gateways are done would leave them without a watch.
  it.each([
    ['no/targets.json', 'there is no such directory'],
    ['', 'it is a directory'],
    ['/proc/targets.json', 'No such file or directory'],
  ])('refuse targets for Prometheus that cannot be written: %s', (path, why) => {
    const file = path.startsWith('/') ? path : join(copy, 'ansible', path);
    const refused = refusals({
      host: {
        swancast_config: { http: { listen: '10.0.0.1:9179' } },
        swancast_prometheus_targets_file: file,
      },
    });
    expect(refused['host']).toContain(
      `swancast_prometheus_targets_file: ${file} cannot be written on localhost: `,
    );
    expect(refused['host']).toContain(why);
    expect(refused['host']).toContain('Nothing was touched.');
  });
});
