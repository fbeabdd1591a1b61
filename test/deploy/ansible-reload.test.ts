/**
 * The role decides between a reload and a restart before it touches anything; what swancast itself would say to a reload
 * is in sidecar/reload.ts. The two have to agree: a reload that is refused would leave the old configuration in use.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Config } from '../../sidecar/config/config.ts';
import { loadConfig } from '../../sidecar/config/load.ts';
import { plainConfig } from '../../sidecar/config/print.ts';
import { exabgpConf } from '../../sidecar/exabgp-input.ts';
import { reloadPlan } from '../../sidecar/reload.ts';

const library = join(import.meta.dirname, '../../deploy/ansible/roles/swancast/library');
// Debian's, which ansible-core belongs to.
const PYTHON = '/usr/bin/python3';
const hasAnsible = spawnSync(PYTHON, ['-c', 'import ansible.module_utils.basic']).status === 0;
if (!hasAnsible) process.stderr.write('SKIPPED: reloads by Ansible, for want of ansible-core (make setup)\n');

const BASE = `
gateway: { name: gw1 }
prefixes:
  - { prefix: 192.0.2.1/32, announced: { med: 100 } }
  - { prefix: 192.0.2.3/32, path_id: 3, neighbors: [r2] }
bgp:
  local_as: 65001
  router_id: 10.1.1.2
  neighbors:
    - { address: 10.1.1.1, peer_as: 65000, local_address: 10.1.1.2, name: r1 }
    - { address: 10.1.3.1, peer_as: 65000, local_address: 10.1.3.2, name: r2 }
checks:
  - { name: charon, type: charon }
fleet:
  gateways: [{ name: gw1, url: "http://10.0.0.1:9179" }, { name: gw2, url: "http://10.0.0.2:9179" }]
http: { listen: "10.0.0.1:9179" }
`;

interface Document {
  gateway: { name: string };
  prefixes: Record<string, unknown>[];
  bgp: { neighbors: Record<string, unknown>[] } & Record<string, unknown>;
  checks: Record<string, unknown>[];
  [section: string]: unknown;
}

const SECOND = { address: '10.1.2.1', peer_as: 65000, local_address: '10.1.2.2' };

/** What changes, and whether it takes a restart. */
const CHANGES: readonly (readonly [string, boolean, (document: Document) => void])[] = [
  ['nothing', false, () => undefined],
  ['attributes', false, ({ prefixes: [first] }) => Object.assign(first ?? {}, { announced: { med: 300 } })],
  ['another prefix', false, ({ prefixes }) => prefixes.push({ prefix: '192.0.2.2/32' })],
  ['a path_id', true, ({ prefixes: [first] }) => Object.assign(first ?? {}, { path_id: 3 })],
  ['another path_id', false, ({ prefixes: [, second] }) => Object.assign(second ?? {}, { path_id: 4 })],
  ['the neighbors of a path_id', true, ({ prefixes: [, second] }) => delete second?.['neighbors']],
  ['a check', false, ({ checks }) => checks.push({ name: 'sas', type: 'sa-count' })],
  ['decision', false, (all) => (all['decision'] = { hold_down_seconds: 5 })],
  ['profile', false, (all) => (all['profile'] = 'fast')],
  ['log', false, (all) => (all['log'] = { level: 'debug' })],
  ['fleet', false, (all) => (all['fleet'] = { gateways: [{ name: 'gw1', url: 'http://10.0.0.1:9179' }] })],
  ['sessions', false, (all) => (all['sessions'] = { rate_per_second: 7 })],
  ['the name', true, ({ gateway }) => (gateway.name = 'gw9')],
  ['the VICI socket', true, (all) => (all['strongswan'] = { vici_socket: '/run/other.vici' })],
  ['the grace', false, (all) => (all['strongswan'] = { restart_grace_ms: 1000 })],
  [
    'a neighbor',
    true,
    ({
      bgp: {
        neighbors: [first],
      },
    }) => Object.assign(first ?? {}, { peer_as: 65009 }),
  ],
  [
    'its name',
    false,
    ({
      bgp: {
        neighbors: [first],
      },
    }) => Object.assign(first ?? {}, { name: 'r9' }),
  ],
  ['another neighbor', true, ({ bgp: { neighbors } }) => neighbors.push(SECOND)],
  ['the AS', true, ({ bgp }) => (bgp['local_as'] = 65002)],
  ['the fence', false, ({ bgp }) => (bgp['allowed_prefixes'] = ['192.0.2.0/24'])],
  ['lease', true, (all) => (all['lease'] = { ttl_seconds: 2 })],
  ['http', true, (all) => (all['http'] = { listen: '10.0.0.1:9180' })],
  ['control', true, (all) => (all['control'] = { socket: '/run/swancast/other.sock' })],
];

describe.skipIf(!hasAnsible)('a changed configuration', () => {
  let directory = '';
  let base: Config;
  let restarts: readonly boolean[] = [];
  const loaded = (change: (document: Document) => void): Config => {
    const document = parse(BASE) as Document;
    change(document);
    const file = join(directory, 'swancast.yaml');
    writeFileSync(file, stringify(document));
    return loadConfig(file, {});
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'swancast-reload-'));
    base = loaded(() => undefined);
    const all = [base, ...CHANGES.map(([, , change]) => loaded(change))].map((config) => {
      return { config: JSON.stringify(plainConfig(config)), render: exabgpConf(config, {}) };
    });
    const program = [
      'import json, sys, tempfile',
      'sys.dont_write_bytecode = True',
      `sys.path.insert(0, ${JSON.stringify(library)})`,
      'from types import SimpleNamespace',
      'import swancast_rehearse',
      'swancast_rehearse.CONFIG = "/dev/null"',
      'base, *changed = json.load(sys.stdin)',
      'def needs(after):',
      '    def run(command, *_, config=None):',
      '        return SimpleNamespace(returncode=0, stdout=(base if config else after).get(command))',
      '    with tempfile.TemporaryDirectory() as directory:',
      '        return swancast_rehearse.compare(SimpleNamespace(run=run), directory, [])["daemon"]',
      'print(json.dumps([needs(each) == "restart" for each in changed]))',
    ].join('\n');
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', program], {
      input: JSON.stringify(all),
      encoding: 'utf8',
    });
    if (stderr !== '') throw new Error(stderr);
    restarts = JSON.parse(stdout) as readonly boolean[];
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(CHANGES.map(([what, needs, change], index) => ({ what, needs, change, index })))(
    '$what: a restart is needed: $needs',
    ({ needs, change, index }) => {
      expect(reloadPlan(base, loaded(change)).needRestart.length > 0).toBe(needs);
      expect(restarts[index]).toBe(needs);
    },
  );

  // Whoever reloads ExaBGP would have it read the secrets that its unit was started with.
  it('is a restart of ExaBGP where the secret of a neighbor is new, though nothing names it anew', () => {
    const neighbor = { address: '10.1.1.1', password_credential: 'bgp' };
    const program = [
      'import json, sys',
      'sys.dont_write_bytecode = True',
      `sys.path.insert(0, ${JSON.stringify(library)})`,
      'from types import SimpleNamespace',
      'from swancast_rehearse import speaker',
      'plain = json.load(sys.stdin)',
      `directory = ${JSON.stringify(directory)}`,
      'trial = SimpleNamespace(run=lambda *arguments: SimpleNamespace(returncode=0))',
      'import os',
      'said = []',
      'for changed in (["bgp"], ["token"]):',
      '    said.append(speaker(trial, directory, plain, ["before", "after"], changed))',
      '    if os.path.exists(os.path.join(directory, "exabgp.conf")): os.unlink(os.path.join(directory, "exabgp.conf"))',
      'print(json.dumps(said))',
    ].join('\n');
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', program], {
      input: JSON.stringify({ bgp: { neighbors: [neighbor] } }),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(['restart', 'reload']);
  });

  // ExaBGP begins the session of a neighbor anew that it finds set up otherwise: not on a gateway that serves.
  it.each<[string, string, (document: Document) => void]>([
    ['another neighbor', 'reload', ({ bgp: { neighbors } }) => neighbors.push(SECOND)],
    ['a neighbor less', 'restart', ({ bgp: { neighbors } }) => neighbors.splice(0, 1, SECOND)],
    [
      'a hold time',
      'restart',
      ({
        bgp: {
          neighbors: [first],
        },
      }) => Object.assign(first ?? {}, { hold_time_seconds: 30 }),
    ],
    ['the router id', 'restart', ({ bgp }) => (bgp['router_id'] = '10.1.1.9')],
    ['the first path_id', 'restart', (all) => (all['prefixes'] = [{ prefix: '192.0.2.1/32', path_id: 1 }])],
    ['nothing of it', 'none', (all) => (all['http'] = { listen: '10.0.0.1:9180' })],
  ])('%s: %s of ExaBGP', (_, needs, change) => {
    const program = [
      'import json, sys, tempfile',
      'sys.dont_write_bytecode = True',
      `sys.path.insert(0, ${JSON.stringify(library)})`,
      'from types import SimpleNamespace',
      'from swancast_rehearse import speaker',
      'trial = SimpleNamespace(run=lambda *arguments: SimpleNamespace(returncode=0))',
      'with tempfile.TemporaryDirectory() as directory:',
      '    print(speaker(trial, directory, {}, json.load(sys.stdin), []))',
    ].join('\n');
    const rendered = [base, loaded(change)].map((config) => exabgpConf(config, {}));
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', program], {
      input: JSON.stringify(rendered),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe(needs);
  });
});
