/** Both clocks of this host at once; see intent.ts for which of them counts when. */
import type { Moment } from './intent.ts';
import { monotonic } from './monotonic.ts';

export const moment = (): Moment => ({ now: monotonic(), time: Date.now() });
