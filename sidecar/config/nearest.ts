/** Did you mean …? The known word that a mistyped one most likely stands for. */

/** Number of single-character edits, where two swapped neighbours count as one (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (same ? 0 : 1),
        swapped ? at(i - 2, j - 2) + 1 : Infinity,
      );
    }
  }
  return at(a.length, b.length);
}

/** holdTime, hold-time and HOLD_TIME are meant as hold_time. */
const snake = (word: string): string =>
  word
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();

/** A word longer than this is no slip of the finger, and comparing it costs time. */
const LONGEST = 64;

/** Undefined when nothing is near: a third of its letters wrong is not a typing error. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const wanted = snake(word);
  // The unit is part of the name here, and easily forgotten: hold_time → hold_time_seconds. And words have
  // endings: logging → log.
  const akin = known.filter(
    (candidate) =>
      candidate.startsWith(`${wanted}_`) || (candidate.length >= 3 && wanted.startsWith(candidate)),
  );
  if (akin.length === 1) return akin[0];
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate);
    if (distance <= Math.floor(Math.max(wanted.length, candidate.length) / 3)) {
      if (best === undefined || distance < best.distance) best = { candidate, distance };
    }
  }
  return best?.candidate;
}
