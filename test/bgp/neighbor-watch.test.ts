import { afterEach, expect, it, vi } from 'vitest';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type * as Os from 'node:os';
import { networkInterfaces } from 'node:os';
import { NeighborWatch, type WatchedNeighbor } from '../../bgp/neighbor-watch.ts';
import { monotonic } from '../fake/lease-holder.ts';

vi.mock('node:os', async (load) => {
  const os = await load<typeof Os>();
  return { ...os, networkInterfaces: vi.fn(os.networkInterfaces) };
});
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
  const watch = new NeighborWatch({
    neighbors,
    now: () => Date.now(),
    onAdvice: (neighbor, detail) => advice.push(`${neighbor}: ${detail}`),
    redial: () => Promise.resolve(),
  });
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

it('blames nobody for a missing address while it cannot list the addresses of this host', () => {
  const { watch, advice } = watching('192.0.2.77');
  watch.update({ neighbors: {}, reasons: {} });
  const listing = vi.mocked(networkInterfaces).mockImplementationOnce(() => {
    throw new Error('uv_interface_addresses returned Unknown system error 24');
  });
  vi.advanceTimersByTime(10_000);
  expect(listing).toHaveBeenCalled();
  expect(advice[0]).not.toContain('is not on this host');
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

it('has ExaBGP told when a port accepts that is down, and leaves alone what is up or unknown', async () => {
  vi.useRealTimers();
  let connections = 0;
  const listen = async (host: string, port: number): Promise<Server> => {
    const server = createServer((socket) => socket.resume().on('error', () => undefined)).listen(port, host);
    server.on('connection', () => (connections += 1));
    await once(server, 'listening');
    return server;
  };
  const first = await listen('127.0.0.1', 0);
  const { port } = first.address() as AddressInfo;
  const servers = [first];
  for (const n of [2, 3, 4, 5, 6, 7]) servers.push(await listen(`127.0.0.${n}`, port));
  const told: [string, boolean][] = [];
  const neighbor = (address: string, change: object = {}): WatchedNeighbor => ({
    address,
    localAddress: '127.0.0.1',
    port,
    ...change,
  });
  let tell = (): void => undefined;
  const heard = (count: number): Promise<void> =>
    new Promise((resolve) => {
      tell = () => void (told.length >= count && resolve());
    });
  const watch = new NeighborWatch({
    neighbors: [
      neighbor('127.0.0.1'),
      neighbor('127.0.0.2'),
      neighbor('127.0.0.3'),
      neighbor('127.0.0.4'),
      neighbor('127.0.0.5', { outgoingTtl: 255 }),
      neighbor('127.0.0.6', { outgoingTtl: 5 }),
      neighbor('127.0.0.7', { passive: true }),
    ],
    now: monotonic,
    onAdvice: () => undefined,
    redial: (address, sure) => {
      told.push([address, sure]);
      tell();
      return Promise.resolve();
    },
  });
  watches.push(watch);
  const down = {
    '127.0.0.1': 'down',
    '127.0.0.2': 'up',
    '127.0.0.3': 'connected',
    '127.0.0.5': 'down',
    '127.0.0.6': 'down',
    '127.0.0.7': 'down',
  } as const;
  watch.update({ neighbors: down, reasons: {} });
  expect(watch.dialled).not.toContain('127.0.0.7');
  await heard(3);
  expect(told.toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
    ['127.0.0.1', true],
    ['127.0.0.5', false],
    ['127.0.0.6', true],
  ]);
  // Not asked: what is up or may be, what would hold a dead connection for a new one, and what connects to us.
  expect(connections).toBe(2);
  watch.stop();
  for (const server of servers) server.close();
  vi.useFakeTimers();
});

it('looks at all that are down as soon as one accepts: the families of a router come back together', async () => {
  const first = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  const second = createServer((socket) => socket.resume()).listen(port, '127.0.0.2');
  await once(second, 'listening');
  const told: string[] = [];
  let both = (): void => undefined;
  const watch = new NeighborWatch({
    neighbors: ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, localAddress: '127.0.0.1', port })),
    now: monotonic,
    onAdvice: () => undefined,
    redial: (address) => {
      told.push(address);
      if (told.length === 2) both();
      return Promise.resolve();
    },
  });
  watches.push(watch);
  watch.update({ neighbors: { '127.0.0.1': 'down', '127.0.0.2': 'up' }, reasons: {} });
  vi.advanceTimersByTime(400);
  watch.update({ neighbors: { '127.0.0.1': 'down', '127.0.0.2': 'down' }, reasons: {} });
  // The first one's look is due, the second one's would be 400 ms later: no time passes any more.
  vi.advanceTimersByTime(100);
  await new Promise<void>((resolve) => (both = resolve));
  expect(told).toEqual(['127.0.0.1', '127.0.0.2']);
  watch.stop();
  for (const server of [first, second]) server.close();
});

it('leaves no timer behind', () => {
  const { watch } = watching('127.0.0.1', '127.0.0.1');
  watch.update({ neighbors: {}, reasons: {} });
  // Two words of advice, two looks.
  expect(vi.getTimerCount()).toBe(4);
  watch.stop();
  expect(vi.getTimerCount()).toBe(0);
});
