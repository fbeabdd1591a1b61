/** A number written with a unit, as people do, in the unit that the name of its key ends in. Pure. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ...{ ms: 1, msec: 1, millisecond: 1, milliseconds: 1 },
  ...{ s: 1000, sec: 1000, secs: 1000, second: 1000, seconds: 1000 },
  ...{ m: 60_000, min: 60_000, mins: 60_000, minute: 60_000, minutes: 60_000 },
  ...{ h: 3_600_000, hour: 3_600_000, hours: 3_600_000 },
  ...{ d: 86_400_000, day: 86_400_000, days: 86_400_000 },
};

/** By the last word of the key. */
const UNITS: Readonly<Record<string, { readonly name: string; readonly ms: number }>> = {
  ms: { name: 'milliseconds', ms: 1 },
  seconds: { name: 'seconds', ms: 1000 },
  days: { name: 'days', ms: 86_400_000 },
};

const unitOf = (key: string): { readonly name: string; readonly ms: number } | undefined => {
  const word = /_([a-z]+)$/u.exec(key)?.[1] ?? '';
  return Object.hasOwn(UNITS, word) ? UNITS[word] : undefined;
};

/** "500ms", "10 m", "1h30m". */
const DURATION = /^(?:\d{1,9}(?:\.\d{1,9})? ?[a-z]+ ?)+$/u;
const PART = /(\d+(?:\.\d+)?) ?([a-z]+)/gu;
/** 16, 80%, 179x; no multiple, as in 10k, and nothing where a second number follows. */
const COUNTED = /^(\d{1,15}(?:\.\d{1,9})?) ?(?:%|(?![kmgtp])[a-z]+)?$/iu;
/** Longer than this is no number with a unit. */
const LONGEST = 40;

function milliseconds(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, number = '', word = ''] of text.matchAll(PART)) {
    const factor = Object.hasOwn(MILLISECONDS, word) ? MILLISECONDS[word] : undefined;
    if (factor === undefined) return undefined;
    sum += Number(number) * factor;
  }
  return sum;
}

/** What this text says, for this key; undefined where that cannot be told. */
function numberIn(text: string, key: string): number | undefined {
  if (text.length > LONGEST) return undefined;
  if (/^-?\d+(?:\.\d+)?$/u.test(text)) return Number(text);
  const unit = unitOf(key);
  if (unit === undefined) {
    const counted = COUNTED.exec(text)?.[1];
    return counted === undefined ? undefined : Number(counted);
  }
  const found = milliseconds(text);
  // A thousandth of an hour is no float that anybody wants to read.
  return found === undefined ? undefined : Math.round((found / unit.ms) * 1e6) / 1e6;
}

/**
 * The way out for text where a number is wanted: without a number rather than with a wrong one, which would pass.
 * `fits`: whether the key takes that number.
 */
export function numberHint(
  value: string,
  key: string,
  fits: (number: number) => boolean,
): { readonly meant: number | undefined; readonly text: string } {
  const text = value.trim();
  const found = numberIn(text, key);
  if (found === undefined || !fits(found)) {
    const unit = unitOf(key);
    return {
      meant: undefined,
      text: `write it without quotes or unit${unit === undefined ? '' : `, in ${unit.name}`}`,
    };
  }
  // 10000ms is no 10 with a unit, though it begins with it.
  const isAsWritten = text.startsWith(String(found)) && !/\d/u.test(text.slice(String(found).length));
  return {
    meant: found,
    text: isAsWritten
      ? `write it without quotes or unit, e.g. ${found}`
      : `${text} is ${found} here: write ${found}`,
  };
}
