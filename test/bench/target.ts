/** A figure against what it should be. Benches print these; nothing is asserted on a machine that others share. */
export interface Target {
  readonly name: string;
  readonly value: number | string;
  readonly target: string;
  readonly met: boolean;
}

export const atMost = (name: string, value: number, limit: number, unit: string): Target => ({
  name,
  value: Math.round(value * 1000) / 1000,
  target: `≤ ${limit}${unit === '' ? '' : ` ${unit}`}`,
  met: value <= limit,
});

export const same = (name: string, value: string, expected: string): Target => ({
  name,
  value,
  target: expected,
  met: value === expected,
});

export const targetLines = (targets: readonly Target[]): string =>
  targets
    .map(
      ({ name, value, target, met }) =>
        `${name.padEnd(44)} ${String(value).padStart(22)}   ${target.padEnd(22)} ${met ? 'met' : 'MISSED'}\n`,
    )
    .join('');

/** The value below which this share of all lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
