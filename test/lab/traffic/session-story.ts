/** What became of each client's session, from the events of the clients' own charon. Pure. */

/**
 * kept: the same IKE_SA, rekeyed or moved to another address perhaps. make-before-break: another one, whose CHILD_SA
 * was there before the old one went. new: there was a time without. none: there is none now.
 */
export type SessionFate = 'kept' | 'make-before-break' | 'new' | 'none';

/** An IKE_SA of one client; `id` is its unique number in charon. */
export type SessionEvent =
  /** It has a CHILD_SA now. */
  | { readonly type: 'up'; readonly at: number; readonly id: string }
  /** It is gone, or its last CHILD_SA is. */
  | { readonly type: 'down'; readonly at: number; readonly id: string }
  | { readonly type: 'rekeyed'; readonly at: number; readonly id: string; readonly by: string };

/**
 * @param before IKE_SAs with a CHILD_SA when the measurement began
 * @param events since then, in the order they came
 */
export function fateOf(before: readonly string[], events: readonly SessionEvent[]): SessionFate {
  const live = new Set(before);
  // Names under which the first ones go on.
  const first = new Set(before);
  let interrupted = live.size === 0;
  for (const event of events) {
    switch (event.type) {
      case 'up':
        live.add(event.id);
        break;
      case 'down':
        live.delete(event.id);
        if (live.size === 0) interrupted = true;
        break;
      case 'rekeyed':
        if (live.delete(event.id)) live.add(event.by);
        if (first.has(event.id)) first.add(event.by);
        break;
      default: {
        const unknown: never = event;
        return unknown;
      }
    }
  }
  if (live.size === 0) return 'none';
  if (interrupted) return 'new';
  return [...live].some((id) => first.has(id)) ? 'kept' : 'make-before-break';
}
