import { expect, it } from 'vitest';
import { madeText } from '../../deploy/build.ts';
import { lastWords } from '../lab/exercise-run.ts';

const file = (name: string, bytes: number) => ({ name, contents: new Uint8Array(bytes), mode: 0o644 });

it('make build says in one line what it made', () => {
  const text = madeText('1.2.3', [
    file('swancast.cjs', 2049),
    file('swancast.cjs.map', 5),
    file('guard.cjs', 1),
  ]);
  expect(text).toBe(
    'swancast 1.2.3 is in dist/: swancast.cjs (3 KiB), guard.cjs (1 KiB), what they need beside them, typed modules\n',
  );
});

it('make demo says how to look around, unless the lab still stands', () => {
  expect(lastWords({ demo: true, keep: false })).toBe(
    '\nthe lab is gone again; look around in one that stays: npm run -s lab -- crash --keep',
  );
  expect([lastWords({ demo: true, keep: true }), lastWords({ demo: false, keep: false })]).toEqual([
    undefined,
    undefined,
  ]);
});
