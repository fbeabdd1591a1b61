/** The files of deploy/routers as a router of this lab needs them. Pure. */
import type { RouterPlan, Topology } from './topology.ts';

/**
 * For the first router of two gateways the very file. A third gateway has a copy of each line about the second
 * one; the second router has the addresses of its own links.
 */
export function routerConf(shipped: string, { gateways }: Topology, { name }: RouterPlan): string {
  const third = gateways.length === 3;
  const lines = shipped.split('\n').flatMap((line) => {
    const copy = /^\s*[!#]/u.test(line) ? line : numbered(line, 3);
    return third && copy !== line ? [line, copy] : [line];
  });
  const text = lines.join('\n');
  if (name === 'router') return text;
  return text.replace(/\b10\.1\.(\d)\.(\d)\b/gu, '10.2.$1.$2').replace(/\bfd00:1:(\d)::/gu, 'fd00:2:$1::');
}

/** A line about gw2, about gw3 instead; another one as it is. */
function numbered(line: string, number: number): string {
  return line
    .replace(/\b10\.1\.2\.2\b/gu, `10.1.${number}.2`)
    .replace(/\bfd00:1:2::2\b/gu, `fd00:1:${number}::2`)
    .replace(/\bgw2/gu, `gw${number}`);
}
