/** What the machine does when nobody moves anybody, in simulated time. */
import { describe, expect, it } from 'vitest';
import { Crowd } from './crowd.ts';

describe('the book, while nobody is moved', () => {
  it('charon is listed again after it crashed, until as many are here as it counts', () => {
    const crowd = new Crowd();
    crowd.add(5);
    crowd.start().run(1000);
    crowd.vici(false);
    crowd.sas.clear();
    crowd.add(2);
    crowd.vici(true);
    const before = crowd.effects.length;
    crowd.run(60_000);
    expect(crowd.state.book.sessions.size).toBe(2);
    const lists = crowd.effects.slice(before).filter(({ effect }) => effect.type === 'list');
    expect(lists.length).toBeLessThan(3);
  });
});
