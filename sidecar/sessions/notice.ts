/** What people are told of sessions, in the log. Pure. */
import { duration } from '../duration.ts';
import { excerpt } from '../printable.ts';
import { drainSentence, type DrainIntent } from './drain-intent.ts';
import type { Exodus } from './exodus.ts';

export type Notice =
  | { readonly code: 'drain-phase' | 'evacuation-phase'; readonly exodus: Exodus }
  | { readonly code: 'drain-ended'; readonly why: 'expired' | 'undrained'; readonly intent: DrainIntent }
  | { readonly code: 'evacuation-cancelled'; readonly prefix: string }
  | { readonly code: 'sweep-opened'; readonly prefix: string; readonly gateway: string }
  | { readonly code: 'swept'; readonly count: number; readonly gateway: string }
  | { readonly code: 'pin-doubles-logins'; readonly connection: string }
  | { readonly code: 'pin-no-local-address'; readonly connection: string; readonly address: string }
  | { readonly code: 'pin-ignored'; readonly identity: string; readonly count: number }
  | { readonly code: 'pin-storm'; readonly perSecond: number };

export interface NoticeLine {
  readonly level: 'info' | 'warn';
  readonly text: string;
  readonly fields: object;
}

export function noticeLine(notice: Notice): NoticeLine {
  const { code } = notice;
  switch (code) {
    case 'drain-phase':
    case 'evacuation-phase': {
      const { phase, method, here, redirected, terminated, ignored, timedOut, left, heldBy } = notice.exodus;
      const what = code === 'drain-phase' ? 'drain' : 'evacuation';
      const fields = { code, phase, method, here, redirected, terminated, ignored };
      if (!timedOut) {
        const text = `${what}: ${PHASES[phase]}, ${here} sessions here`;
        if (heldBy.length === 0) return { level: 'info', text, fields };
        return {
          level: 'warn',
          text: `${text}; what is forced stands above it, and holds it on every prefix: ${heldBy.join('; ')}`,
          fields,
        };
      }
      const names = left.slice(0, NAMES).map((name) => excerpt(name, 64));
      const more = left.length > NAMES ? ` and ${left.length - NAMES} more` : '';
      const text = `${what}: the deadline is over, left here: ${names.join(', ')}${more}; all stays withdrawn`;
      return { level: 'warn', text, fields };
    }
    case 'drain-ended':
      return {
        level: 'info',
        text: `${notice.why === 'expired' ? 'the drain is over in time' : 'undrained'}: ${drainSentence(notice.intent)}`,
        fields: { code },
      };
    case 'evacuation-cancelled':
      return { level: 'info', text: `evacuation: ${notice.prefix} is announced again`, fields: { code } };
    case 'sweep-opened':
      return {
        level: 'info',
        text: `${notice.gateway} has a better path to ${notice.prefix}: watching who falls silent here`,
        fields: { code, gateway: notice.gateway, prefix: notice.prefix },
      };
    case 'swept':
      return {
        level: 'info',
        text: `${notice.count} sessions fell silent when ${notice.gateway} had a better path: terminated, so that they come up there`,
        fields: { code, count: notice.count, gateway: notice.gateway },
      };
    case 'pin-doubles-logins':
      return {
        level: 'warn',
        text: `sessions.pin: clients of connection "${excerpt(notice.connection, 64)}" log in by EAP, and pinning makes each log in twice: see that the RADIUS server bears it`,
        fields: { code },
      };
    case 'pin-no-local-address':
      return {
        level: 'warn',
        text: `sessions.pin: local_addrs of connection "${excerpt(notice.connection, 64)}" do not hold ${notice.address}, so its clients are not pinned: add it to swanctl.conf`,
        fields: { code },
      };
    case 'pin-ignored':
      return {
        level: 'info',
        text: `${excerpt(notice.identity, 64)} ignores redirects (${notice.count} clients so far): left where it is`,
        fields: { code, count: notice.count },
      };
    case 'pin-storm':
      return {
        level: 'info',
        text: `sessions.pin waits: ${notice.perSecond} new IKE_SAs in ${duration(1)}`,
        fields: { code, perSecond: notice.perSecond },
      };
  }
}

const NAMES = 5;

const PHASES: Readonly<Record<Exodus['phase'], string>> = {
  moving: 'clients are redirected',
  worsening: 'announced with worse attributes',
  withdrawing: 'withdrawing',
  settling: 'withdrawn, waiting until nobody reaches us any more',
  terminating: 'who is left is terminated',
  done: 'done',
};
