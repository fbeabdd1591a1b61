/** What may happen to a guard, one command each. Their names are what a counterexample is read from. */
import fc from 'fast-check';
import type { Announcement } from '../../bgp/announcement.ts';
import type { LeaseMessage } from '../../bgp/lease.ts';
import type { Answer } from './guard-exabgp.ts';
import { LIMITS, type GuardWorld, type Past } from './guard-world.ts';

type Act = fc.Command<GuardWorld, GuardWorld>;

const act = (
  name: string,
  run: (world: GuardWorld) => void,
  check: (world: Readonly<GuardWorld>) => boolean = () => true,
): Act => ({ check, run: (_, world) => run(world), toString: () => name });

const PREFIXES = [1, 2, 3, 4, 5].map((n) => `192.0.2.${n}/32`);
const NEIGHBORS = ['10.0.0.2', 'fd00:1::1'];

/** Some of five prefixes, now and then with other words. */
const sets = fc
  .tuple(
    fc.oneof(fc.constant([]), fc.subarray(PREFIXES), fc.subarray(PREFIXES)),
    fc.constantFrom({}, {}, { med: 5 }, { prepend: 2, communities: ['65001:7'] }),
  )
  .map(([prefixes, attributes]) =>
    prefixes.map((prefix): Announcement => ({ prefix, nextHop: 'self', ...attributes })),
  );

/** Who speaks: the holder (or who came first, while there is none), or one that does not hold it. */
const speaker = fc.constantFrom('the holder', 'the holder', 'the holder', 'another');
type Speaker = 'the holder' | 'another';

function clientOf({ clients, lease }: Readonly<GuardWorld>, who: Speaker): number | undefined {
  const [first, ...others] = [...clients].toSorted(
    (a, b) => Number(b === lease.holder) - Number(a === lease.holder),
  );
  return who === 'the holder' ? first : others[0];
}

/** How old the evidence is: young enough, at the edge, too old, from the future. */
const age = fc.constantFrom(0, 0, 0, 0, 0, 0, 900, 3000, 3001, -1, -2);
/** What is said about the generation, next to the one that is held. */
const ahead = fc.constantFrom(1, 1, 1, 0, 5, -1);
const behind = fc.constantFrom(0, 0, 0, 1, -1);

const generation = (world: GuardWorld, by: number): number => Math.max(1, world.lease.generation + by);

const says = (who: Speaker, name: string, message: (world: GuardWorld) => LeaseMessage | string): Act =>
  act(
    `${who} says ${name}`,
    (world) => {
      const client = clientOf(world, who);
      if (client !== undefined) world.message(client, message(world));
    },
    (world) => clientOf(world, who) !== undefined,
  );

const setting = (who: Speaker, announcements: readonly Announcement[], step = 1, old = 0): Act =>
  says(who, `set +${step} [${announcements.map(words).join(', ')}] on proof ${old} ms old`, (world) => ({
    type: 'set',
    generation: generation(world, step),
    evidence: world.now - old,
    announcements,
  }));

const settings = fc.tuple(speaker, sets, ahead, age).map((args) => setting(...args));

/** The holder changes its mind faster than ExaBGP answers. */
const hastySettings = fc.array(sets, { minLength: 2, maxLength: 4 }).map((each) => {
  const acts = each.map((announcements) => setting('the holder', announcements));
  return act(
    acts.join(', then '),
    (world) => {
      for (const one of acts) one.run(world, world);
    },
    (world) => acts.every((one) => one.check(world)),
  );
});

const renewing = fc.tuple(speaker, behind, age).map(([by, step, old]) =>
  says(by, `renew +${step} on proof ${old} ms old`, (world) => ({
    type: 'renew',
    generation: generation(world, step),
    evidence: world.now - old,
  })),
);

const leaving = fc
  .tuple(
    speaker,
    fc.constantFrom<LeaseMessage | string>(
      { type: 'release' },
      { type: 'handover', ms: 2000, viciSocket: '/run/charon.vici' },
      { type: 'handover', ms: 60_000, viciSocket: '/run/charon.vici' },
      'what it says is no JSON',
    ),
  )
  .map(([who, message]) =>
    says(who, typeof message === 'string' ? message : JSON.stringify(message), () => message),
  );

/** Numbers, as the guard's shell gives them out. */
const client = fc.integer({ min: 1, max: 4 });

const coming = client.map((each) =>
  act(
    `${each} connects`,
    (world) => world.send({ type: 'connected', client: each }),
    ({ open, clients }) => open && !clients.has(each),
  ),
);

const going = fc.tuple(speaker).map(([who]) =>
  act(
    `${who} disconnects`,
    (world) => world.send({ type: 'disconnected', client: clientOf(world, who) ?? 0 }),
    (world) => clientOf(world, who) !== undefined,
  ),
);

const waiting = fc
  .tuple(fc.constantFrom(1, 20, 50, 249, 250, 500, 999, 1000, 2500), fc.constantFrom(0, 0, 0, 1, 300, 1500))
  .map(([ms, lateMs]) =>
    act(`${ms} ms pass${lateMs === 0 ? '' : `, every tick ${lateMs} ms late`}`, (world) =>
      world.wait(ms, lateMs),
    ),
  );

/** Time goes by, and ExaBGP answers within a few milliseconds. */
const living = fc.constantFrom(100, 400, 900, 1000, 3000, 6000).map((ms) =>
  act(`${ms} ms pass, ExaBGP answers`, (world) => {
    for (let passed = 0; passed < ms; passed += 100) {
      world.exabgpWorksOff();
      world.wait(100);
    }
  }),
);

const working = fc
  .array(fc.constantFrom<Answer>('done', 'done', 'done', 'done', 'done', 'error'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((answers) =>
    act(
      `ExaBGP says ${answers.join(' ')}`,
      (world) => world.exabgpWorks(answers),
      ({ exabgp }) => exabgp.queue.length > 0,
    ),
  );

const workingOff = fc.constant(act('ExaBGP does all it was told', (world) => world.exabgpWorksOff()));

/** What else may be on ExaBGP's pipe. A stray answer is only to be told from a due one when none is due. */
const noise = fc.oneof(
  fc
    .constantFrom('some words', '{ "type": ', 'exabgp is fine', '{"type":"keepalive"}', '')
    .map((line) => act(`ExaBGP says "${line}"`, (world) => world.exabgpSays([line]))),
  fc.constantFrom('done', 'error').map((line) =>
    act(
      `ExaBGP says "${line}" unasked`,
      (world) => world.exabgpSays([line]),
      ({ exabgp }) => exabgp.queue.length === 0 && exabgp.acknowledges,
    ),
  ),
);

const sessions = fc
  .tuple(fc.constantFrom(...NEIGHBORS), fc.boolean(), fc.boolean())
  .map(([address, up, keeps]) =>
    act(`${address} is ${up ? (keeps ? 'up with graceful restart' : 'up') : 'down'}`, (world) =>
      world.exabgpSays([world.exabgp.session(address, up, keeps)]),
    ),
  );

/** A sidecar renews now and then, and ExaBGP answers or not. */
export function holdOn(world: GuardWorld, by: number, times: number, isAnswering = true): void {
  for (let n = 0; n < times; n += 1) {
    if (isAnswering) world.exabgpWorksOff();
    const { now } = world;
    if (world.clients.has(by)) {
      world.message(by, { type: 'renew', generation: generation(world, 0), evidence: now });
    }
    if (isAnswering) world.exabgpWorksOff();
    world.wait(LIMITS.ttlMs / 4);
  }
}

const holding = fc
  .tuple(speaker, fc.integer({ min: 1, max: 12 }), fc.constantFrom(true, true, false))
  .map(([who, times, isAnswering]) =>
    act(
      `${who} renews ${times} times, ExaBGP ${isAnswering ? 'answers' : 'is silent'}`,
      (world) => holdOn(world, clientOf(world, who) ?? 0, times, isAnswering),
      (world) => clientOf(world, who) !== undefined,
    ),
  );

const charonGoing = fc.constant(
  act("charon's socket closes", (world) => world.send({ type: 'vici-closed' })),
);

export const guardCommands = fc.commands(
  [
    ...[settings, settings, hastySettings, renewing, leaving, coming, going],
    ...[waiting, living, working, working, workingOff, holding],
    ...[noise, sessions, charonGoing],
  ],
  { maxCommands: 50, size: 'max' },
);

/** Most stories begin with an open guard; the others with an ExaBGP that had another guard before. */
export const pasts: fc.Arbitrary<{ readonly past: Past; readonly isOpen: boolean }> = fc
  .record(
    {
      commands: fc.array(
        fc.constantFrom(...PREFIXES.map((prefix) => `announce route ${prefix} next-hop self`)),
        {
          maxLength: 5,
        },
      ),
      done: fc.integer({ min: 0, max: 5 }),
      sessions: fc.subarray(NEIGHBORS),
      acknowledges: fc.constantFrom(true, true, true, true, false),
      isOpen: fc.constantFrom(true, true, true, false),
    },
    { requiredKeys: [] },
  )
  .map(({ isOpen = true, ...past }) => {
    const { acknowledges = true } = past;
    return {
      past: { commands: [], done: 0, sessions: [], ...past, acknowledges },
      isOpen: isOpen && acknowledges,
    };
  });

/** Past the cold start, with client 1 connected. */
export function openUp(world: GuardWorld): void {
  for (let n = 0; n < 20 && !world.open; n += 1) {
    world.wait(LIMITS.quietMs);
    world.exabgpWorksOff();
  }
  world.send({ type: 'connected', client: 1 });
}

const words = ({ prefix, med, prepend }: Announcement): string =>
  prefix + (med === undefined ? '' : ` med ${med}`) + (prepend === undefined ? '' : ` prepend ${prepend}`);
