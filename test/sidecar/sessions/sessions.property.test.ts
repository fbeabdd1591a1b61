/** Whatever happens, in whatever order: what must hold of every session, after every story. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SESSIONS_DEFAULTS } from '../../../sidecar/sessions/policy.ts';
import { wishesOf } from '../../../sidecar/sessions/machine.ts';
import { runs } from '../../model/runs.ts';
import { Crowd } from './crowd.ts';
import { mostInASecond } from './crowd-clock.ts';
import { OWN, PREFIX } from './crowd-place.ts';

const RATE = 20;
const DEADLINE_MS = 20_000;

interface Act {
  readonly what: string;
  readonly count: number;
}

const act: fc.Arbitrary<Act> = fc.record({
  what: fc.constantFrom(
    'login',
    'login-stubborn',
    'login-pinned',
    'login-idle',
    'drain-redirect',
    'drain-terminate',
    'drain-auto',
    'undrain',
    'vici-down',
    'vici-up',
    'sick',
    'well',
    'reroute',
    'back',
    'path',
    'no-target',
    'target',
    'wait',
  ),
  count: fc.integer({ min: 1, max: 30 }),
});
const story = fc.record({
  acts: fc.array(act, { minLength: 5, maxLength: 25 }),
  pin: fc.boolean(),
  pinFirst: fc.boolean(),
  identity: fc.boolean(),
});

type Told = (crowd: Crowd, act: Act) => void;

function play(
  { acts, pin, pinFirst, identity }: typeof story extends fc.Arbitrary<infer T> ? T : never,
  after: Told,
) {
  const crowd = new Crowd({
    policy: {
      addresses: identity ? 'identity' : 'pool',
      ratePerSecond: RATE,
      pin: { ...SESSIONS_DEFAULTS.pin, enabled: pin, ratePerSecond: RATE },
      drain: { ...SESSIONS_DEFAULTS.drain, pinFirst, deadlineMs: DEADLINE_MS },
    },
  }).start();
  const targets = crowd.targets;
  for (const each of acts) {
    const { what, count } = each;
    switch (what) {
      case 'login':
      case 'login-stubborn':
      case 'login-idle':
        if (crowd.charon.alive)
          crowd.login(count, { obeys: what !== 'login-stubborn', rate: what === 'login-idle' ? 0 : 0.1 });
        break;
      case 'login-pinned':
        if (crowd.charon.alive) crowd.login(count, { local: OWN.address ?? '' });
        break;
      case 'drain-redirect':
        crowd.drain({ move: 'redirect' });
        break;
      case 'drain-terminate':
        crowd.drain({ move: 'terminate' });
        break;
      case 'drain-auto':
        crowd.drain();
        break;
      case 'undrain':
        crowd.undrain();
        break;
      case 'vici-down':
      case 'vici-up':
        crowd.vici(what === 'vici-up');
        break;
      case 'sick':
      case 'well':
        crowd.health(what === 'well');
        break;
      case 'reroute':
      case 'back':
        crowd.reroute(what === 'back');
        break;
      case 'path':
        crowd.send({ type: 'better-path', prefix: PREFIX, gateway: 'gw2' });
        break;
      case 'no-target':
      case 'target':
        crowd.targets = what === 'target' ? targets : [];
        crowd.send({ type: 'look' });
        break;
      default:
        break;
    }
    crowd.run(count * 53);
    after(crowd, each);
  }
  return crowd;
}

describe('sessions, whatever happens', () => {
  it('no IKE_SA is redirected twice, unless VICI did not take the first', () => {
    fc.assert(
      fc.property(story, (told) => {
        const taken = new Set<number>();
        const crowd = play(told, () => undefined);
        for (const { effect, isTaken } of crowd.effects) {
          if (effect.type !== 'redirect') continue;
          for (const id of effect.ids) {
            expect(taken.has(id)).toBe(false);
            if (isTaken) taken.add(id);
          }
        }
      }),
      runs(200),
    );
  });

  it('nobody is terminated while the route is wanted, but by the sweep', () => {
    fc.assert(
      fc.property(story, (told) => {
        const crowd = play(told, () => undefined);
        expect(
          crowd.effects.filter(
            ({ effect, wanted, sweeping }) => effect.type === 'terminate' && wanted && !sweeping,
          ),
        ).toEqual([]);
      }),
      runs(200),
    );
  });

  it('no client on an anycast address is terminated by the sweep while its packets come', () => {
    fc.assert(
      fc.property(story, (told) => {
        const crowd = play(told, () => undefined);
        expect(
          crowd.effects.filter(
            ({ effect, wanted, sending }) => effect.type === 'terminate' && wanted && sending.length > 0,
          ),
        ).toEqual([]);
      }),
      runs(200),
    );
  });

  it('other gateways get no more than the rate in any second', () => {
    fc.assert(
      fc.property(story, (told) => {
        const crowd = play(told, () => undefined);
        const times = crowd.effects.flatMap(({ at, effect }) => {
          if (effect.type === 'terminate') return effect.ids.map(() => at);
          return effect.type === 'redirect' && effect.gateway !== OWN.address ? effect.ids.map(() => at) : [];
        });
        expect(mostInASecond(times)).toBeLessThanOrEqual(RATE);
      }),
      runs(200),
    );
  });

  it('every drain is done at its deadline, withdrawn, and names who is left', () => {
    fc.assert(
      fc.property(story, (told) => {
        const crowd = play(told, () => undefined);
        if (crowd.state.drain === undefined) crowd.drain();
        crowd.run(DEADLINE_MS + 1);
        const { phase, timedOut, left } = crowd.state.drain?.exodus ?? { left: [] };
        expect(phase).toBe('done');
        expect(wishesOf(crowd.state).outside).toBe('withdrawn');
        expect(crowd.routers.wanted).toBe(false);
        expect(timedOut).toBe(left.length > 0);
      }),
      runs(200),
    );
  });

  it('undrain restores: announced by the checks, and nobody is moved any more', () => {
    fc.assert(
      fc.property(story, (told) => {
        const crowd = play({ ...told, pin: false }, () => undefined);
        crowd.drain();
        crowd.run(700);
        crowd.undrain();
        crowd.health(true);
        crowd.vici(true);
        expect(wishesOf(crowd.state)).toEqual({ outside: 'as-checked', inside: 'as-checked' });
        crowd.run(15_000);
        const before = crowd.effects.length;
        crowd.run(15_000);
        expect(crowd.routers.wanted).toBe(true);
        expect(crowd.effects.slice(before).filter(({ effect }) => effect.type !== 'list')).toEqual([]);
      }),
      runs(200),
    );
  });

  it('with charon well and time enough, a drain leaves nobody', () => {
    fc.assert(
      fc.property(story, (told) => {
        const crowd = play(told, () => undefined);
        crowd.vici(true);
        crowd.undrain();
        crowd.reroute(crowd.routers.wanted);
        crowd.drain({ deadlineMs: 300_000 });
        crowd.run(200_000);
        expect(crowd.live()).toEqual([]);
        expect(crowd.state.drain?.exodus.timedOut).toBe(false);
      }),
      runs(200),
    );
  });

  it('whoever comes while the checks have it withdrawn is told to go', () => {
    fc.assert(
      fc.property(story, fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }), (told, late) => {
        const crowd = play(told, () => undefined);
        crowd.vici(true);
        crowd.undrain();
        crowd.health(true);
        crowd.reroute(true);
        crowd.run(1000).health(false);
        for (const count of late) {
          crowd.run(count * 400);
          crowd.login(count, { rate: count % 2 === 0 ? 0 : 0.1 });
        }
        crowd.run(60_000);
        expect(crowd.live()).toEqual([]);
      }),
      runs(200),
    );
  });
});
