/** What came out of this moment of a story. */
import type { StepAll } from '../../sidecar/step-all.ts';
import type { History } from './decision-history.ts';

type Effect = StepAll['effects'][number];

export function effectsOf<T extends Effect['type']>(story: History, type: T): Extract<Effect, { type: T }>[] {
  return (story.moment?.effects ?? []).filter(
    (effect): effect is Extract<Effect, { type: T }> => effect.type === type,
  );
}

export const journalOf = (story: History) => effectsOf(story, 'journal').map(({ transition }) => transition);

/** Each message to the guard, and what was asked for before it. */
export function wireOf(story: History) {
  let before = { announcements: story.askedBefore, generation: story.generationBefore };
  return (story.moment?.effects ?? []).flatMap((effect) => {
    if (effect.type !== 'set' && effect.type !== 'renew') return [];
    const message = { before, effect };
    if (effect.type === 'set') before = effect;
    return [message];
  });
}
