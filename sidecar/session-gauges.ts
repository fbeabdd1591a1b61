/** Sessions, and what moves them, as metrics. */
import { Counter, type Registry } from 'prom-client';
import type { MakeGauge } from './gauge.ts';
import type { ExodusStatus, SessionsStatus } from './sessions/progress.ts';

export function sessionGauges(registers: Registry[], gauge: MakeGauge, sessions: () => SessionsStatus): void {
  gauge(
    'sessions',
    'IKE_SAs that carry traffic, by the address of ours that they stand on: an anycast one, our own one (pinned), or another.',
    ['place'],
    (g) => {
      const { anycast, pinned, other } = sessions();
      for (const [place, count] of Object.entries({ anycast, pinned, other })) g.set({ place }, count);
    },
  );
  counter(
    registers,
    'session_moves_total',
    'IKE_SAs that charon was told to redirect or to terminate.',
    'how',
    () => {
      const { redirected, terminated } = sessions();
      return { redirect: redirected, terminate: terminated };
    },
  );
  counter(
    registers,
    'session_pins_total',
    'What became of new IKE_SAs that were to be pinned: moved; ignored the redirect; not told, as the client obeys only so many (limited), or as there is no address for it (unable).',
    'outcome',
    () => {
      const { moved, ignored, limited, unable } = sessions().pin;
      return { moved, ignored, limited, unable };
    },
  );
  counter(
    registers,
    'sessions_swept_total',
    'IKE_SAs terminated since they fell silent when another gateway got a better path.',
    undefined,
    () => ({ '': sessions().swept }),
  );
  gauge(
    'drain_phase',
    'The phase of a drain, or of an evacuation: 1 for the one that holds; absent without one.',
    ['kind', 'phase'],
    (g) => {
      for (const [kind, { phase }] of leaving(sessions())) g.set({ kind, phase }, 1);
    },
  );
  gauge(
    'drain_sessions',
    'Sessions of a drain, or of an evacuation: the most that were here, those still here, and what was done with them.',
    ['kind', 'what'],
    (g) => {
      for (const [kind, { sessions: counts }] of leaving(sessions())) {
        for (const [what, count] of Object.entries(counts)) g.set({ kind, what }, count);
      }
    },
  );
  gauge(
    'drain_timed_out',
    'Whether the deadline of a drain, or of an evacuation, passed with sessions left; absent without one.',
    ['kind'],
    (g) => {
      for (const [kind, { timed_out: isLate }] of leaving(sessions())) g.set({ kind }, Number(isLate));
    },
  );
}

const leaving = ({ drain, evacuation }: SessionsStatus): (readonly [string, ExodusStatus])[] => [
  ...(drain === null ? [] : [['drain', drain] as const]),
  ...(evacuation === null ? [] : [['evacuation', evacuation] as const]),
];

/** Counted elsewhere: read when it is scraped. */
function counter(
  registers: Registry[],
  name: string,
  help: string,
  label: string | undefined,
  read: () => Readonly<Record<string, number>>,
): void {
  void new Counter({
    name: `swancast_${name}`,
    help,
    labelNames: label === undefined ? [] : [label],
    registers,
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(read())) {
        if (label === undefined) this.inc(count);
        else this.inc({ [label]: value }, count);
      }
    },
  });
}
