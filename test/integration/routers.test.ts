/** The daemons themselves read the recipes: BIRD and FRR know their own syntax best. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const path = (name: string): string => fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));

/** Undefined: it is not installed. */
function run(
  program: string,
  ...args: readonly string[]
): { readonly code: number; readonly said: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return error === undefined ? { code: status ?? -1, said: stdout + stderr } : undefined;
}

const without = ['bird', 'vtysh', 'nft'].filter((program) => run(program, '--version') === undefined);
for (const program of without)
  process.stderr.write(`SKIPPED: test/integration/routers.test.ts: ${program} is not installed\n`);

describe.skipIf(without.includes('bird'))('BIRD', () => {
  it.each(['bird.conf', 'bird-ecmp.conf', 'local-bird.conf'])('reads %s', (name) => {
    expect(run('bird', '-p', '-c', path(`routers/${name}`))).toEqual({ code: 0, said: '' });
  });
});

describe.skipIf(without.includes('vtysh'))('FRR', () => {
  it.each(['frr.conf', 'frr-ecmp.conf', 'frr-bfdd.conf', 'gateway-bfdd.conf', 'local-frr.conf'])(
    'reads %s',
    (name) => {
      expect(run('vtysh', '-C', '-f', path(`routers/${name}`))).toEqual({ code: 0, said: '' });
    },
  );
});

describe.skipIf(without.includes('nft') || process.getuid?.() !== 0)('nftables', () => {
  it('reads gtsm.nft', () => {
    expect(run('nft', '-c', '-f', path('nftables/gtsm.nft'))).toEqual({ code: 0, said: '' });
  });
});
