import { afterEach, expect, it, vi } from 'vitest';
import { NeighborWatch } from '../../bgp/neighbor-watch.ts';

vi.useFakeTimers();
const watches: NeighborWatch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
  vi.clearAllTimers();
});

function watching(...localAddresses: string[]): { watch: NeighborWatch; advice: string[] } {
  const advice: string[] = [];
  const neighbors = localAddresses.map((localAddress, n) => ({
    address: `10.9.9.${n}`,
    localAddress,
    port: 179,
  }));
  const watch = new NeighborWatch(neighbors, (neighbor, detail) => advice.push(`${neighbor}: ${detail}`));
  watches.push(watch);
  return { watch, advice };
}

it('says once what to look at when a neighbor stays silent', () => {
  const { watch, advice } = watching('127.0.0.1');
  watch.update({ neighbors: {}, reasons: {} });
  vi.advanceTimersByTime(9999);
  expect(advice).toEqual([]);
  watch.update({ neighbors: {}, reasons: {} });
  vi.advanceTimersByTime(60_000);
  expect(advice).toEqual([expect.stringContaining('10.9.9.0 does not answer on TCP port 179')]);
});

it('knows a local address that is not on this host', () => {
  const { watch, advice } = watching('192.0.2.77');
  watch.update({ neighbors: {}, reasons: {} });
  vi.advanceTimersByTime(10_000);
  expect(advice[0]).toContain('its local_address 192.0.2.77 is not on this host');
});

it('keeps quiet about a neighbor that comes up in time, and speaks again when it goes down later', () => {
  const { watch, advice } = watching('127.0.0.1');
  watch.update({ neighbors: {}, reasons: {} });
  watch.update({ neighbors: { '10.9.9.0': 'up' }, reasons: {} });
  vi.advanceTimersByTime(60_000);
  expect(advice).toEqual([]);
  watch.update({ neighbors: { '10.9.9.0': 'down' }, reasons: { '10.9.9.0': 'peer reset' } });
  vi.advanceTimersByTime(10_000);
  expect(advice).toEqual([expect.stringContaining('10.9.9.0 is down: peer reset')]);
});

it('leaves no timer behind', () => {
  const { watch } = watching('127.0.0.1', '127.0.0.1');
  watch.update({ neighbors: {}, reasons: {} });
  expect(vi.getTimerCount()).toBe(2);
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
});
