/** What the speaker reports, to those whom it concerns. */
import type { SpeakerReport } from '../bgp/speaker.ts';
import type { Logger } from './log.ts';
import type { Obstacles } from './obstacles.ts';
import type { Sidecar } from './sidecar.ts';

export function hearSpeaker(
  report: SpeakerReport,
  sidecar: Pick<Sidecar, 'dispatch'>,
  obstacles: Pick<Obstacles, 'hear'>,
  log: Logger,
): void {
  obstacles.hear(report);
  switch (report.type) {
    case 'hello':
    case 'report':
      return sidecar.dispatch({ type: 'lease', report });
    case 'disconnected':
      return sidecar.dispatch({ type: 'lease', report: undefined });
    case 'refused':
      return log.warn({ part: 'bgp', code: report.code }, `the guard refused: ${report.text}`);
    // The speaker has logged both already.
    case 'neighbor-advice':
    case 'redial-obstacle':
      return undefined;
  }
}
