/** Parts that answer late, each by less than what makes it count as dead: nobody may be moved by that. */
import { setTimeout as delay } from 'node:timers/promises';
import { strike, type CalmEntry, type Scene } from './fault.ts';
import { announcementsIn, onlyKeepalives } from './fault-window.ts';
import { pulse, type Pulse } from './pulses.ts';

/** Well below the 450 ms that a look at charon waits. */
const LATE_CHARON: Pulse = { stopMs: 300, runMs: 200 };
/** Well below the 250 ms that the guard gives a withdrawal to be acknowledged. */
const LATE_EXABGP: Pulse = { stopMs: 150, runMs: 100 };
const PULSES_MS = 8000;
/** Renewals come ten times in a lease of one second: this long can pass between two without harm. */
const HICCUP_MS = 700;
/** Of these lengths some, or all, outlast the lease, by when the last renewal was. */
const LONG_HICCUPS_MS = [900, 1000] as const;
const CHANGED_MED = 50;
const PREFIXES = 2;
/** The old MED is on the wire by then: what follows shall not count it. */
const RESTORED_MS = 300;

async function hiccup(scene: Scene, ms: number): Promise<void> {
  strike(scene, 'sidecar', 'SIGSTOP');
  await delay(ms, undefined, { signal: scene.signal });
  strike(scene, 'sidecar', 'SIGCONT');
}

export const LATE_FAULTS: readonly CalmEntry[] = [
  {
    name: 'sidecar-hiccup',
    summary: `sidecar stopped for ${HICCUP_MS} ms, as if its event loop were blocked`,
    setting: 'supervised',
    burden: async (scene) => hiccup(scene, HICCUP_MS),
    check: onlyKeepalives,
  },
  ...LONG_HICCUPS_MS.map((ms): CalmEntry => ({
    name: `sidecar-hiccup-${ms}`,
    summary: `sidecar stopped for ${ms} ms, about as long as its lease`,
    setting: 'supervised',
    expect: 'measured',
    burden: async (scene) => hiccup(scene, ms),
  })),
  {
    name: 'vici-late',
    summary: `charon stopped for ${LATE_CHARON.stopMs} ms again and again: VICI answers late`,
    setting: 'supervised',
    lasting: true,
    burden: async ({ lab, gateway, signal }) => {
      const { name } = gateway.plan;
      lab.timeline.act(`${name}'s charon: ${LATE_CHARON.stopMs} ms stopped, ${LATE_CHARON.runMs} ms not`);
      await pulse(gateway.part('charon'), LATE_CHARON, PULSES_MS, signal);
    },
  },
  {
    name: 'exabgp-late',
    summary: `ExaBGP stopped for ${LATE_EXABGP.stopMs} ms again and again: it acknowledges late; another MED meanwhile`,
    setting: 'supervised',
    lasting: true,
    burden: async (scene) => {
      const { lab, gateway, signal } = scene;
      const { name } = gateway.plan;
      lab.timeline.act(`${name}'s ExaBGP: ${LATE_EXABGP.stopMs} ms stopped, ${LATE_EXABGP.runMs} ms not`);
      const pulses = pulse(gateway.part('exabgp'), LATE_EXABGP, PULSES_MS, signal);
      await delay(PULSES_MS / 2, undefined, { signal });
      gateway.writeConfig({ med: CHANGED_MED });
      strike(scene, 'sidecar', 'SIGHUP');
      await pulses;
    },
    check: (window) => {
      const changed = announcementsIn(window).filter(({ detail }) => detail.includes(`MED ${CHANGED_MED}`));
      return changed.length === PREFIXES
        ? undefined
        : `expected ${PREFIXES} UPDATEs with the other MED; seen: ${changed.length}`;
    },
    restore: async (scene) => {
      scene.gateway.writeConfig({});
      strike(scene, 'sidecar', 'SIGHUP');
      await delay(RESTORED_MS, undefined, { signal: scene.signal });
    },
  },
];
