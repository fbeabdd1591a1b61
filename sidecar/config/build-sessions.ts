/** The values of the section sessions → Config. Pure. */
import { addressText } from './address.ts';
import type { SessionsConfig } from './config.ts';
import type { Raw } from './document.ts';
import type { Keys, Values } from './key-spec.ts';
import { SESSIONS } from './schema-sessions.ts';
import { innerKeys, mapping, section, SILENT, type Reader } from './section.ts';

export function buildSessions(raw: Raw | undefined, reader: Reader): SessionsConfig {
  const { keys, sections } = SESSIONS;
  const values = section(keys, raw, 'sessions', reader, { env: true, more: innerKeys(SESSIONS) });
  const map = mapping(raw, 'sessions', SILENT);
  const inner = <K extends Keys>(spec: { readonly keys: K }, key: string): Values<K> =>
    section(spec.keys, map[key], `sessions.${key}`, reader, { env: true });
  const { ownAddress, ownAddress6, ...rest } = values;
  const [own4, own6] = [ownAddress, ownAddress6].map((each) => addressText(each ?? '', 'any'));
  return {
    ...rest,
    ...(own4 === undefined ? {} : { ownAddress: own4 }),
    ...(own6 === undefined ? {} : { ownAddress6: own6 }),
    pin: inner(sections.pin, 'pin'),
    drain: inner(sections.drain, 'drain'),
    evacuate: inner(sections.evacuate, 'evacuate'),
    sweep: inner(sections.sweep, 'sweep'),
  };
}
