/** What is heard of the other gateways, as one command. */
import fc from 'fast-check';
import type { Class } from '../../health/reason.ts';
import type { FleetView, Member } from '../../sidecar/fleet/view.ts';
import type { FleetWord } from '../../sidecar/fleet/word.ts';
import type { Phase } from '../../sidecar/prefix.ts';
import { act } from './decision-act.ts';
import { OTHERS, PREFIXES } from './decision-policy.ts';

interface Said {
  readonly name: string;
  readonly prefix: string;
  readonly state: Phase;
  readonly level: Class | null;
  readonly yielding: boolean;
  readonly acknowledged: boolean;
  readonly isDrained: boolean;
  readonly ageMs: number;
}

function viewOf(said: readonly Said[], settled: boolean, now: number): FleetView {
  const silent = OTHERS.map((name): [string, Member] => [name, { name }]);
  const members = new Map([
    ...silent,
    ...said.map((each): [string, Member] => {
      const { name, prefix, state, level, yielding, acknowledged } = each;
      const prefixes = [{ prefix, state, class: level, preference: null, yielding, acknowledged }];
      const drain = { who: '', reason: '', since: '', until: '' };
      const word: FleetWord = {
        gateway: name,
        version: '',
        state: 'announced',
        prefixes,
        drain: each.isDrained ? drain : null,
        load: { ike_sas: null, half_open: null },
        set_up: {},
      };
      return [name, { name, word, heardAt: now - each.ageMs }];
    }),
  ]);
  return { members, settled };
}

/** Each prefix is announced by one of the others. */
export const othersAnnounce = act('the others announce, and are well', (driver) => {
  if (driver.policy.fleet === undefined) return;
  const well = { state: 'announced', level: null, yielding: false, acknowledged: true } as const;
  const said = PREFIXES.flatMap((prefix, index) => {
    const name = OTHERS[index];
    return name === undefined ? [] : [{ ...well, name, prefix, isDrained: false, ageMs: 0 }];
  });
  driver.send({ type: 'fleet', view: viewOf(said, true, driver.now) });
});

/** Some of it was said a while ago, and of some nothing is known. */
export const fleet = fc
  .tuple(
    fc.array(
      fc.record({
        name: fc.constantFrom(...OTHERS, 'stranger'),
        prefix: fc.constantFrom(...PREFIXES),
        state: fc.constantFrom<Phase>('announced', 'announced', 'adopted', 'degraded', 'withdrawn', 'cold'),
        level: fc.constantFrom<Class | null>(null, null, 'advisory', 'impaired', 'not-serving'),
        yielding: fc.boolean(),
        acknowledged: fc.constantFrom(true, true, true, false),
        isDrained: fc.constantFrom(false, false, false, true),
        ageMs: fc.constantFrom(0, 0, 1000, 2499, 2500, 9000),
      }),
      { maxLength: 3 },
    ),
    fc.constantFrom(true, true, true, false),
  )
  .map(([said, settled]) => {
    const words = said.map(
      ({ name, prefix, state, level, yielding, acknowledged, isDrained, ageMs }) =>
        `${name} ${prefix} ${state} ${level ?? 'well'}${yielding ? ' yielding' : ''}${acknowledged ? '' : ' unheard'}${isDrained ? ' drained' : ''} ${ageMs} ms ago`,
    );
    return act(
      `of the others${settled ? '' : ', not all asked'}: ${words.length === 0 ? 'nothing' : words.join('; ')}`,
      (driver) => driver.send({ type: 'fleet', view: viewOf(said, settled, driver.now) }),
      ({ policy }) => policy.fleet !== undefined,
    );
  });
