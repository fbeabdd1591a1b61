/** How long something takes or took, as people are told. Pure. */

/** 0.4 s · 12 s · 3 min 5 s · 2 h 3 min · 4 d 2 h */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => whole >= size);
  return units
    .slice(first, first + 2)
    .map(
      ([unit, size], index) =>
        [Math.floor((index === 0 ? whole : whole % (units[first]?.[1] ?? 1)) / size), unit] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
