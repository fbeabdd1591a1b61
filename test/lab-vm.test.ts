import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataplaneOf, patient } from './lab/dataplane.ts';
import { strongswanConf } from './lab/strongswan-conf.ts';
import { cacheDirectory, digestOf } from './lab/vm/cache.ts';
import { archive } from './lab/vm/cpio.ts';
import { jobScript } from './lab/vm/job.ts';
import { loadOrder } from './lab/vm/modules.ts';
import { closureOf, parseFiles, parseInstalled } from './lab/vm/packages.ts';
import { planMachine } from './lab/vm/plan.ts';

describe('the packages of the virtual machine', () => {
  const installed = parseInstalled(
    [
      'exabgp|exabgp|installed|4.2|bgp-daemon|debconf (>= 1) | debconf-2.0, python3:any (>= 3.11)',
      'python3|python3|installed|3.11||libc6 (>= 2.34)',
      'libc6|libc6:amd64|installed|2.36||libgcc-s1',
      'libgcc-s1|libgcc-s1:amd64|installed|12||libc6',
      'cdebconf|cdebconf|installed|1|debconf-2.0|',
      'frr|frr|config-files|8.4||libc6',
    ].join('\n'),
  );

  it('are the roots and what they need, alternatives and provided names included, each once', () => {
    const { packages, missing } = closureOf(['exabgp', 'libc6'], installed);
    expect(packages.map(({ binary }) => binary)).toEqual([
      'cdebconf',
      'exabgp',
      'libc6:amd64',
      'libgcc-s1:amd64',
      'python3',
    ]);
    expect(missing).toEqual([]);
  });

  it('are missed when only their configuration is left', () => {
    expect(closureOf(['frr'], installed).missing).toEqual(['frr']);
  });

  it('have files, but for documentation, links of merged /usr, and what dpkg-query says beside', () => {
    const text =
      '/.\n/bin\n/bin/ip\n\ndiverted by x to: /y\n/usr/share/doc/iproute2\n/usr/share/doc/a/b\n/bin/ip\n';
    expect(parseFiles(text)).toEqual(['/bin/ip']);
  });
});

describe('the modules of the initramfs', () => {
  const dep =
    'kernel/virtio/virtio.ko:\nkernel/block/virtio_blk.ko: kernel/virtio/virtio.ko\nkernel/a/virtio-pci.ko: kernel/virtio/virtio.ko\n';

  it('come after what they need, each once', () => {
    expect(loadOrder(['virtio_pci', 'virtio_blk'], dep)).toEqual([
      'kernel/virtio/virtio.ko',
      'kernel/a/virtio-pci.ko',
      'kernel/block/virtio_blk.ko',
    ]);
  });

  it('are refused when the kernel has none of that name', () => {
    expect(() => loadOrder(['ninep'], dep)).toThrow('no module ninep');
  });
});

describe('the initramfs', () => {
  it('is a newc archive: aligned members, the last one named so', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 9 }),
        fc.uint8Array({ maxLength: 9 }),
        (path, bytes) => {
          const made = archive([{ path, content: Buffer.from(bytes) }]);
          expect(made.length % 4).toBe(0);
          expect(made.toString('latin1', 0, 6)).toBe('070701');
          const field = (index: number): number =>
            parseInt(made.toString('latin1', 6 + 8 * index, 14 + 8 * index), 16);
          const nameLength = field(11);
          expect(made.toString('utf8', 110, 110 + nameLength - 1)).toBe(path);
          const start = Math.ceil((110 + nameLength) / 4) * 4;
          expect(made.subarray(start, start + field(6))).toEqual(Buffer.from(bytes));
          expect(made.includes('TRAILER!!!')).toBe(true);
        },
      ),
    );
  });
});

describe('the job', () => {
  it('reaches the machine as it was given, whatever is in it', () => {
    const script = jobScript({ argv: ['echo', "it's", '$HOME `x`'], env: { LAB_X: 'a b' } });
    expect(script).toContain(`exec 'echo' 'it'\\''s' '$HOME \`x\`'\n`);
    expect(script).toContain("export LAB_X='a b'\n");
  });
});

describe('--dataplane kernel', () => {
  it('is nothing for the machine when it is not asked for', () => {
    expect(planMachine(['crash', '--runs', '2'])).toBeUndefined();
    expect(planMachine(['crash', '--dataplane', 'libipsec'])).toBeUndefined();
    expect(planMachine(['crash', '--dataplane=libipsec', '--keep'])).toBeUndefined();
  });

  it('takes the rest of the command line inside, and the report to where it is looked for', () => {
    const plan = planMachine([
      'crash',
      '--json=out.json',
      '--dataplane',
      'kernel',
      '--name',
      'a',
      '--or-skip',
      '--runs',
      '2',
    ]);
    expect(plan).toMatchObject({ name: 'a', json: 'out.json', orSkip: true });
    expect(plan?.job.argv.slice(1).join(' ')).toBe(
      'test/lab/main.ts crash --name a --runs 2 --json /run/results/report.json',
    );
    expect(dataplaneOf(plan?.job.env)).toBe('kernel');
    expect(patient(100, plan?.job.env)).toBe(200);
  });

  it('cannot keep its lab', () => {
    expect(() => planMachine(['crash', '--keep', '--dataplane=kernel'])).toThrow('--keep');
  });

  it('leaves ESP to the kernel', () => {
    const plugins = (dataplane: 'kernel' | 'libipsec'): string =>
      /^ {2}load = (.*)$/m.exec(strongswanConf('/s', '/l', { dataplane }))?.[1] ?? '';
    expect(plugins('kernel')).not.toContain('libipsec');
    expect(plugins('kernel')).toContain('kernel-netlink');
    expect(plugins('libipsec')).toMatch(/kernel-libipsec .*kernel-netlink/);
  });
});

describe('waits', () => {
  it('are as given, unless the machine is known to be slow', () => {
    expect(patient(100, {})).toBe(100);
    expect(patient(100, { LAB_PATIENCE: '4' })).toBe(400);
    for (const wrong of ['0.1', 'x', '', 'Infinity']) expect(patient(100, { LAB_PATIENCE: wrong })).toBe(100);
  });
});

describe('the cache', () => {
  it('is where the user keeps such things', () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/c' })).toBe('/c/swancast-lab');
    // Relative ones are to be ignored (XDG Base Directory Specification).
    expect(cacheDirectory({ XDG_CACHE_HOME: 'c' })).toMatch(/^\/.*\/\.cache\/swancast-lab$/);
  });

  it('tells apart ingredients that would read the same together', () => {
    expect(digestOf('ab', 'c')).not.toBe(digestOf('a', 'bc'));
  });
});
