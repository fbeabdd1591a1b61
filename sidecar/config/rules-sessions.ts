/** Rules between the keys of the section sessions, and of the grace for a restart of charon. Pure. */
import { familyOf, holds } from './address.ts';
import { PROVING_TYPE } from './check-types.ts';
import type { Config } from './config.ts';
import { ownAddresses } from './own-addresses.ts';
import { version } from './rules-neighbors.ts';
import { seconds, type Violation } from './violation.ts';

export function* sessionsRules(config: Config): Generator<Violation> {
  const { sessions, fleet, gateway } = config;
  yield* ownRules(config);
  if (sessions.pin.enabled && Object.keys(ownAddresses(config)).length === 0) {
    const isListed = fleet?.gateways.some(({ name }) => name === gateway.name) === true;
    const where = isListed ? `address of ${gateway.name} in fleet.gateways` : 'sessions.own_address';
    yield {
      key: 'sessions.pin.enabled',
      value: true,
      expected: 'an own address to pin clients to',
      message: `clients are pinned to an address that is this gateway alone, and none is given; add ${where}`,
      involves: ['sessions.own_address', 'sessions.own_address6', 'fleet'],
    };
  }
  if (sessions.connections?.length === 0) {
    const message = 'names none, so nobody would ever be moved; name one, or remove the key';
    yield { key: 'sessions.connections', value: [], expected: 'at least one connection', message };
  }
  const { settleMs, settleMaxMs } = sessions.drain;
  if (settleMs > settleMaxMs) {
    yield {
      key: 'sessions.drain.settle_ms',
      value: settleMs,
      expected: 'at most settle_max_ms',
      message: `${settleMs} is more than settle_max_ms ${settleMaxMs}; write at most that`,
      involves: ['sessions.drain.settle_max_ms'],
    };
  }
  yield* graceRules(config);
}

function* ownRules({ sessions, prefixes }: Config): Generator<Violation> {
  for (const [key, value, family] of [
    ['sessions.own_address', sessions.ownAddress, 4],
    ['sessions.own_address6', sessions.ownAddress6, 6],
  ] as const) {
    if (value === undefined) continue;
    const expected = `an ${version(family)} address of this gateway alone`;
    if (familyOf(value) !== family) {
      const other = family === 4 ? 'own_address6' : 'own_address';
      const message = `"${value}" is not an ${version(family)} address; that of the other family is for ${other}`;
      yield { key, value, expected, message };
      continue;
    }
    const shared = prefixes.find(({ prefix }) => holds(prefix, value));
    if (shared === undefined) continue;
    const message = `"${value}" lies in the prefix ${shared.prefix}, which other gateways have as well; write ${expected}`;
    yield { key, value, expected, message, involves: ['prefixes'] };
  }
}

/** When charon dies, its last proof of life is as old as the pace of the check, and gets no younger. */
function* graceRules({ strongswan, checks, lease }: Config): Generator<Violation> {
  const { restartGraceMs } = strongswan;
  if (restartGraceMs === 0) return;
  const proofMs = Math.min(
    ...checks.flatMap(({ type, intervalMs, timeoutMs }) =>
      type === PROVING_TYPE ? [intervalMs + timeoutMs] : [],
    ),
  );
  if (!Number.isFinite(proofMs) || restartGraceMs + proofMs < lease.maxAgeMs) return;
  yield {
    key: 'strongswan.restart_grace_ms',
    value: restartGraceMs,
    expected: 'less than lease.max_age_seconds without interval and timeout of the charon check',
    message: `${restartGraceMs} ms and the ${seconds(proofMs)} s of interval and timeout of the charon check are not below lease.max_age_seconds ${seconds(lease.maxAgeMs)}, so the lease would end the grace early; shorten it, or raise lease.max_age_seconds above ${seconds(restartGraceMs + proofMs)}`,
    involves: ['lease.max_age_seconds', 'checks'],
  };
}
