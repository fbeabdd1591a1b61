/**
 * Every part between the sidecar and the wire killed or frozen, with real ExaBGP: the routes go. The times are
 * printed, with the bound they are to keep, and judged by the lab (`npm run lab -- faults`), not here.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processStat } from '../../bgp/procfs.ts';
import { Speaker } from '../../bgp/speaker.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { exabgpVersion, LONG_TTL_MS, Site, v4, v6 } from './exabgp-site.ts';

const found = exabgpVersion('exabgp-kill.test.ts');
const TTL_MS = 1000;

describe.skipIf(found === undefined)(`killed and frozen, with ExaBGP ${found ?? ''}`, () => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.open();
  });
  afterEach(async () => {
    await site.close();
  });

  /** Does it, waits until no route stands anywhere, and prints how long that took. */
  async function measured(what: string, bound: string, act: () => void): Promise<void> {
    const began = monotonic();
    act();
    await site.bare();
    process.stderr.write(
      `${what}: routes gone after ${(monotonic() - began).toFixed(1)} ms (bound ${bound})\n`,
    );
  }

  it('guard killed: its launcher clears, and the next guard announces again', async () => {
    await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    await measured('guard SIGKILL', '100 ms', () => process.kill(site.guard.pid, 'SIGKILL'));
    await site.announced();
    expect(site.ebgp4.closes).toEqual([]);
    expect(site.ebgp4.updates.map(({ announced }) => announced.length)).toEqual([1, 0, 1]);
  });

  it('launcher killed: its guard clears, ExaBGP starts the next one, which announces again', async () => {
    await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    const { parent } = processStat(site.guard.pid) ?? { parent: 0 };
    await measured('launcher SIGKILL', '300 ms', () => process.kill(parent, 'SIGKILL'));
    await site.announced();
    expect(site.ebgp4.closes).toEqual([]);
    expect(site.ebgp4.updates.map(({ announced }) => announced.length)).toEqual([1, 0, 1]);
  });

  it('launcher and guard killed: the next launcher clears before its guard is up', async () => {
    await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    const { pid } = site.guard;
    const { parent } = processStat(pid) ?? { parent: 0 };
    await measured('launcher and guard SIGKILL', '100 ms', () => {
      process.kill(parent, 'SIGKILL');
      process.kill(pid, 'SIGKILL');
    });
    await site.announced();
    expect(site.ebgp4.closes).toEqual([]);
  });

  it('launcher killed and ExaBGP frozen: the guard still knows whom to kill', async () => {
    await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    const { exabgp } = site;
    const { parent } = processStat(site.guard.pid) ?? { parent: 0 };
    await measured('ExaBGP SIGSTOP, launcher SIGKILL', '2500 ms', () => {
      process.kill(exabgp.pid, 'SIGSTOP');
      process.kill(parent, 'SIGKILL');
    });
    expect(site.ebgp4.closes).toHaveLength(1);
  });

  it('guard frozen before its sidecar starts: the newcomer ends the session (supervise: false)', async () => {
    site.runExabgp(LONG_TTL_MS);
    const first = await site.start(LONG_TTL_MS, [v4, v6], { supervise: false });
    await site.announced();
    site.stopRenewing();
    await first.stop();
    process.kill(site.guard.pid, 'SIGSTOP');
    await measured('sidecar started beside a frozen guard', `lease ${TTL_MS} + 500 ms`, () => {
      const second = new Speaker({
        ...site.options(TTL_MS),
        supervise: false,
        now: monotonic,
        log: () => undefined,
        onReport: () => undefined,
      });
      site.speakers.push(second);
      second.start();
    });
    expect(site.ebgp4.closes).toHaveLength(1);
  });

  it.each([true, false])('guard frozen: the sidecar ends the session (supervise: %s)', async (supervise) => {
    if (!supervise) site.runExabgp(TTL_MS);
    await site.start(TTL_MS, [v4, v6], supervise ? {} : { supervise: false });
    await site.announced();
    const bound = `lease ${TTL_MS} + 500 ms`;
    await measured(`guard SIGSTOP, supervise ${supervise}`, bound, () =>
      process.kill(site.guard.pid, 'SIGSTOP'),
    );
    expect(site.ebgp4.closes).toHaveLength(1);
    if (!supervise) return;
    await site.up(2);
    await site.announced();
  });

  it('ExaBGP killed: the kernel closes its sessions', async () => {
    await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    await measured('ExaBGP SIGKILL', '5 ms', () => process.kill(site.exabgp.pid, 'SIGKILL'));
    expect(site.ebgp4.closes).toHaveLength(1);
    await site.up(2);
    await site.announced();
  });

  it('ExaBGP frozen while idle: the guard kills it', async () => {
    await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    await measured('ExaBGP SIGSTOP, idle', '2500 ms', () => process.kill(site.exabgp.pid, 'SIGSTOP'));
    expect(site.ebgp4.closes).toHaveLength(1);
    await site.up(2);
    await site.announced();
  });

  it('ExaBGP frozen while a withdrawal is due: the guard kills it', async () => {
    const speaker = await site.start(LONG_TTL_MS / 4, [v4, v6]);
    await site.announced();
    await measured('ExaBGP SIGSTOP, withdrawal due', '300 ms', () => {
      process.kill(site.exabgp.pid, 'SIGSTOP');
      speaker.set(2, [], monotonic());
    });
    expect(site.ebgp4.closes).toHaveLength(1);
  });

  it('guard and ExaBGP frozen both: the sidecar ends them', async () => {
    await site.start(TTL_MS, [v4, v6]);
    await site.announced();
    const { exabgp, guard } = site;
    await measured('guard and ExaBGP SIGSTOP', `lease ${TTL_MS} + 500 ms`, () => {
      process.kill(exabgp.pid, 'SIGSTOP');
      process.kill(guard.pid, 'SIGSTOP');
    });
    expect(site.ebgp4.closes).toHaveLength(1);
  });
});
