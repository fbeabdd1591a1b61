/** A sidecar that only speaks: announces what it is told on its command line, and renews. For SIGKILL and SIGSTOP. */
import { Speaker, type SpeakerOptions } from '../../bgp/speaker.ts';
import { monotonic } from './lease-holder.ts';

const { announcements, ...options } = JSON.parse(process.argv[2] ?? '{}') as Pick<
  SpeakerOptions,
  'leaseSocket' | 'ttlMs' | 'supervise' | 'neighbors'
> & { announcements: Parameters<Speaker['set']>[1] };

const speaker = new Speaker({
  ...options,
  now: monotonic,
  log: (level, message) => process.stdout.write(`${level} ${message}\n`),
  onReport: () => undefined,
});
speaker.start();
speaker.set(1, announcements, monotonic());
setInterval(() => speaker.renew(1, monotonic()), options.ttlMs / 4);
