/** Text of a canary's configuration file → CanaryConfig, or one ConfigError with every problem. */
import { hostname } from 'node:os';
import type { TunnelPlan } from '../../health/canary/round.ts';
import { parseYaml } from '../config/document.ts';
import { FORMATS, parseListen } from '../config/formats.ts';
import type { Keys, MapSpec, Values } from '../config/key-spec.ts';
import { readText } from '../config/load.ts';
import { ConfigError, isNot, join, type Problem } from '../config/problem.ts';
import { elements, innerKeys, mapping, section, type Reader } from '../config/section.ts';
import type { Listen } from '../http.ts';
import { CANARY_SECTIONS, CANARY_TUNNEL } from './schema.ts';

export interface CanaryConfig {
  readonly name: string;
  readonly intervalMs: number;
  readonly viciSocket: string;
  /** At least one. */
  readonly listens: readonly Listen[];
  readonly logLevel: string;
  /** At least one, each name once. */
  readonly tunnels: readonly TunnelPlan[];
}

/** Throws ConfigError. */
export const loadCanaryConfig = (file: string): CanaryConfig => parseCanaryConfig(readText(file), file);

/** Pure but for the host's name. Throws ConfigError, and nothing else whatever the text. */
export function parseCanaryConfig(text: string, file: string): CanaryConfig {
  const { root, problems, lineOf } = parseYaml(text, file, 'swancast-canary.example.yaml');
  if (root === undefined) throw new ConfigError(problems);
  const found: Problem[] = [...problems];
  const report: Reader['report'] = (key, value, expected, message) => {
    found.push({ file, line: lineOf(key), key, value, expected, message });
  };
  const reader: Reader = { env: {}, report, overridden: () => undefined };
  section({}, root, '', reader, { more: [...Object.keys(CANARY_SECTIONS), 'tunnels'] });
  const read = <K extends Keys>(spec: MapSpec & { readonly keys: K }, key: string): Values<K> =>
    section(spec.keys, root[key], key, reader);
  const canary = read(CANARY_SECTIONS.canary, 'canary');
  const { viciSocket } = read(CANARY_SECTIONS.strongswan, 'strongswan');
  const { socket, listen } = read(CANARY_SECTIONS.report, 'report');
  const { level } = read(CANARY_SECTIONS.log, 'log');

  const listens: Listen[] = [];
  if (socket !== 'off') {
    if (FORMATS.socket.accepts(socket as never, { doc: '', format: 'socket' }) === true) {
      listens.push({ path: socket });
    } else {
      const expected = `"off", or ${FORMATS.socket.expected({ doc: '', format: 'socket' })}`;
      report('report.socket', socket, expected, isNot(socket, expected));
    }
  }
  const address = parseListen(listen);
  if (address !== undefined) listens.push(address);
  if (socket === 'off' && listen === 'off') {
    const message = 'is off, and so is report.socket: nobody could read the report; set one of them';
    report('report.listen', listen, 'one of the two', message);
  }

  const tunnels = elements(root['tunnels'], 'tunnels', reader).map((raw, index): TunnelPlan => {
    const path = `tunnels[${index}]`;
    const values = section(CANARY_TUNNEL.keys, raw, path, reader, { more: innerKeys(CANARY_TUNNEL) });
    const map = mapping(raw, path, { ...reader, report: () => undefined });
    const traffic = section(
      CANARY_TUNNEL.sections.traffic.keys,
      map['traffic'],
      join(path, 'traffic'),
      reader,
    );
    const { timeoutMs: trafficTimeoutMs, ...endpoint } = traffic;
    return { ...values, traffic: endpoint, trafficTimeoutMs };
  });
  if (tunnels.length === 0) {
    report('tunnels', undefined, 'at least one tunnel', 'holds no tunnel; describe at least one');
  }
  for (const [index, { name }] of tunnels.entries()) {
    const first = tunnels.findIndex((other) => other.name === name);
    if (first === index) continue;
    const message = `${JSON.stringify(name)} is the name of tunnels[${first}] already; give each its own`;
    report(`tunnels[${index}].name`, name, 'each name once', message);
  }
  if (found.length > 0) throw new ConfigError(found.sort((a, b) => a.line - b.line));
  const { name = hostname(), intervalMs } = canary;
  return { name, intervalMs, viciSocket, listens, logLevel: level, tunnels };
}
