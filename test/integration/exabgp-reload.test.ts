/** What a reload of the unit that runs ExaBGP costs: `render exabgp --reload`, then SIGUSR1. */
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { turnNeighborOver } from '../../bgp/exabgp-conf.ts';
import { signalProcess, type ProcessIdentity } from '../../bgp/procfs.ts';
import { Speaker } from '../../bgp/speaker.ts';
import { monotonic } from '../fake/lease-holder.ts';
import { exabgpVersion, LONG_TTL_MS, Site, v4, v6 } from './exabgp-site.ts';

const found = exabgpVersion('exabgp-reload.test.ts');

const IBGP = '127.0.0.2';
const without = (text: string, address: string): string =>
  text.replace(new RegExp(`^neighbor ${address.replaceAll('.', '\\.')} \\{\\n(?:\\t.*\\n)*\\}\\n`, 'm'), '');

describe.skipIf(found === undefined)(`A reload of ExaBGP ${found ?? ''}`, () => {
  let site: Site;
  let exabgp: ProcessIdentity;
  beforeEach(async () => {
    site = await Site.open();
  });
  afterEach(async () => {
    await site.close();
  });

  /** Both eBGP neighbors have the routes. */
  async function start(edit?: (text: string) => string): Promise<string> {
    exabgp = site.runExabgp(LONG_TTL_MS, edit);
    const { supervise, ...options } = site.options(LONG_TTL_MS);
    const speaker = new Speaker({
      ...options,
      supervise: false,
      now: monotonic,
      log: () => undefined,
      onReport: (report) => site.reports.push(report),
    });
    site.speakers.push(speaker);
    speaker.start();
    speaker.set(1, [v4, v6], monotonic());
    await site.ebgp4.until(() => site.ebgp4.routes.has(v4.prefix));
    await site.ebgp6.until(() => site.ebgp6.routes.has(v6.prefix));
    return supervise === false ? '' : supervise.configText;
  }

  function reload(text: string): void {
    writeFileSync(site.unitFile, text);
    expect(signalProcess(exabgp, 'SIGUSR1')).toBe(true);
  }

  const undisturbed = (): void => {
    for (const listener of [site.ebgp4, site.ebgp6]) {
      expect([listener.sessions, listener.closes]).toEqual([1, []]);
      expect(listener.updates.flatMap(({ withdrawn }) => withdrawn)).toEqual([]);
    }
  };

  it('that brings a neighbor tells it what is announced, and leaves the others their sessions', async () => {
    const whole = await start((text) => without(text, IBGP));
    expect(site.ibgp.sessions).toBe(0);
    reload(whole);
    await site.ibgp.until(() => site.ibgp.routes.has(v4.prefix));
    undisturbed();
  });

  it('that changes a neighbor begins its session anew, with its routes, and no other', async () => {
    const whole = await start();
    await site.ibgp.until(() => site.ibgp.routes.has(v4.prefix));
    reload(turnNeighborOver(whole, IBGP) ?? '');
    await site.ibgp.until(() => site.ibgp.sessions === 2 && site.ibgp.routes.has(v4.prefix));
    expect(site.ibgp.closes).toHaveLength(1);
    undisturbed();
  });
});
