import { describe, expect, it } from 'vitest';
import { readLogLine } from '../../bgp/log-line.ts';

describe("ExaBGP's output as log lines", () => {
  it.each([
    ['20:00 | 1 | reactor | SIGTERM received', 'info', 'exabgp', '20:00 | 1 | reactor | SIGTERM received'],
    [
      '20:00 | 1 | configuration | the route family is not configured on neighbor',
      'debug',
      'exabgp',
      '20:00 | 1 | configuration | the route family is not configured on neighbor',
    ],
    [
      '00:08 | 1 | api | command from process not understood : ',
      'debug',
      'exabgp',
      '00:08 | 1 | api | command from process not understood : ',
    ],
    [
      '00:08 | 1 | api | command from process not understood : announce',
      'info',
      'exabgp',
      '00:08 | 1 | api | command from process not understood : announce',
    ],
    ['{"level":"error","part":"guard","pid":7,"msg":"lease lapsed"}', 'error', 'guard', 'lease lapsed'],
    [
      '{"level":"error","part":"guard", not JSON',
      'info',
      'exabgp',
      '{"level":"error","part":"guard", not JSON',
    ],
    [
      '{"level":"fatal","part":"guard","msg":"x"}',
      'info',
      'exabgp',
      '{"level":"fatal","part":"guard","msg":"x"}',
    ],
  ])('%s', (line, level, part, msg) => {
    expect(readLogLine(line)).toEqual({ level, part, msg });
  });
});
