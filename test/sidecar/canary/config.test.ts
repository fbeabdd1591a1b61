import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCanaryConfig } from '../../../sidecar/canary/config.ts';
import { ConfigError } from '../../../sidecar/config/problem.ts';

const TUNNEL = `
tunnels:
  - name: gw1
    connection: gw1
    child: net
    traffic: { kind: ping, address: 10.10.0.1 }
`;

function problems(text: string): readonly string[] {
  try {
    parseCanaryConfig(text, 'canary.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

describe('the configuration of a canary', () => {
  it('fills in what is not said', () => {
    expect(parseCanaryConfig(`canary: { name: yellow }${TUNNEL}`, 'canary.yaml')).toEqual({
      name: 'yellow',
      intervalMs: 30_000,
      viciSocket: '/run/swancast-canary/charon.vici',
      listens: [{ path: '/run/swancast-canary/report.sock' }],
      logLevel: 'info',
      tunnels: [
        {
          name: 'gw1',
          connection: 'gw1',
          child: 'net',
          timeoutMs: 10_000,
          traffic: { kind: 'ping', address: '10.10.0.1', port: 7 },
          trafficTimeoutMs: 3000,
        },
      ],
    });
  });

  it('the example is one', () => {
    const file = new URL('../../../deploy/swancast-canary.example.yaml', import.meta.url);
    const { tunnels } = parseCanaryConfig(readFileSync(file, 'utf8'), 'example');
    expect(tunnels.length).toBeGreaterThan(0);
  });

  it('listens on TCP, or nowhere else', () => {
    const { listens } = parseCanaryConfig(
      `report: { socket: "off", listen: "[::1]:9180" }${TUNNEL}`,
      'canary.yaml',
    );
    expect(listens).toEqual([{ host: '::1', port: 9180 }]);
  });

  it.each<[string, string, string]>([
    [
      'an unknown section',
      `tunel: {}${TUNNEL}`,
      'canary.yaml:1: tunel: is not a known key; did you mean tunnels?',
    ],
    [
      'no tunnel',
      'canary: { name: yellow }',
      'canary.yaml:1: tunnels: holds no tunnel; describe at least one',
    ],
    [
      'a relative socket',
      `report: { socket: run/x }${TUNNEL}`,
      'canary.yaml:1: report.socket: "run/x" is not',
    ],
    [
      'nobody could read it',
      `report: { socket: "off" }${TUNNEL}`,
      'report.listen: is off, and so is report.socket: nobody could read the report',
    ],
    [
      'no such kind',
      TUNNEL.replace('ping', 'pong'),
      'canary.yaml:6: tunnels[0].traffic.kind: "pong" is not one of tcp, udp-echo, ping',
    ],
    ['no child', TUNNEL.replace('    child: net\n', ''), 'canary.yaml:3: tunnels[0].child: is missing'],
    [
      'a name twice',
      `${TUNNEL}${TUNNEL.replace('\ntunnels:\n', '')}`,
      'canary.yaml:7: tunnels[1].name: "gw1" is the name of tunnels[0] already; give each its own',
    ],
    [
      'nothing',
      '',
      'canary.yaml:1: the file is empty; start from /usr/share/doc/swancast/examples/swancast-canary.example.yaml',
    ],
  ])('%s is refused', (_, text, message) => {
    expect(problems(text).some((line) => line.includes(message))).toBe(true);
  });
});
