/** The sessions as the daemon has them: a real dispatch, a fake charon, a fleet by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import pino from 'pino';
import type { Policy } from '../../../sidecar/decision.ts';
import { SessionsDesk } from '../../../sidecar/sessions/desk.ts';
import { Sidecar } from '../../../sidecar/sidecar.ts';
import { FakeCharon } from '../../fake/charon.ts';
import { SaTable } from '../../fake/sa-table.ts';
import { viewOf } from '../fleet/member.fixture.ts';
import { POLICY, V4 } from '../scenario.ts';

const ORDER = { who: 'alice', reason: 'reboot', move: 'terminate' };
const FLEET: Policy = {
  ...POLICY,
  sessions: { ...POLICY.sessions, sweep: { ...POLICY.sessions.sweep, enabled: true } },
  fleet: { maxAgeMs: 60_000, minimumOthers: 1, members: [{ name: 'gw2' }] },
};

describe('SessionsDesk', () => {
  let directory: string;
  let charon: FakeCharon;
  let table: SaTable;
  let desk: SessionsDesk;
  let sidecar: Sidecar;
  let kept: (object | undefined)[];
  let changes: number;
  let wake: (() => void) | undefined;
  let up: () => void;
  let down: () => void;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'swancast-desk-'));
    charon = await FakeCharon.listen(join(directory, 'vici.sock'));
    table = new SaTable(charon);
    charon.on('list-conns', () => []);
    kept = [];
    changes = 0;
  });

  afterEach(async () => {
    desk.close();
    sidecar.close();
    await charon.stop();
    rmSync(directory, { recursive: true });
  });

  function open(policy: Policy): void {
    const nothing = (): void => undefined;
    const actors = {
      set: nothing,
      renew: nothing,
      pace: nothing,
      journal: nothing,
      forceEnded: nothing,
      askFleet: nothing,
    };
    sidecar = new Sidecar(policy, { ...actors, sessions: (effect) => desk.run(effect) }, () => 1500);
    desk = new SessionsDesk({
      path: charon.path,
      link: {
        snapshot: undefined,
        onUp: (listener) => {
          up = listener;
          return nothing;
        },
        onDown: (listener) => {
          down = () => listener({ kind: 'gone', detail: '' });
          return nothing;
        },
        onEvent: () => nothing,
      },
      sidecar,
      dispatch: (event) => {
        sidecar.dispatch(event);
        wake?.();
      },
      keepDrain: async (drain) => void kept.push(drain),
      onChange: () => void (changes += 1),
      clock: () => ({ now: 1500, time: 1_700_000_000_000 }),
      log: pino({ level: 'silent' }),
    });
    desk.start();
  }

  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };

  it('drains where there is no fleet, keeps that, tells the others, and takes it back', async () => {
    open(POLICY);
    expect(await desk.drain(ORDER)).toMatchObject({ done: { drain: { who: 'alice' } } });
    expect(kept).toEqual([expect.objectContaining({ who: 'alice', move: 'terminate' })]);
    expect(sidecar.state.prefixes.get(V4)?.phase).toBe('drained');
    expect(changes).toBeGreaterThan(0);
    await desk.undrain({ who: 'bob' });
    expect([kept, desk.status().drain]).toEqual([[expect.anything(), undefined], null]);
  });

  it('refuses for the last gateway that announces, unless it is forced or the host goes down', async () => {
    open(FLEET);
    expect(await desk.drain(ORDER)).toMatchObject({ refused: 'guarded', why: /not all asked yet/ });
    sidecar.dispatch({ type: 'fleet', view: viewOf({ gw2: { state: 'withdrawn', acknowledged: false } }) });
    expect(await desk.drain(ORDER)).toMatchObject({
      refused: 'guarded',
      why: expect.stringContaining(`${V4}: 0 of the other gateways announce it well`),
    });
    expect([kept, sidecar.state.sessions.drain]).toEqual([[], undefined]);
    expect(await desk.drain({ ...ORDER, shutdown: true })).toHaveProperty('done');
    await desk.undrain({ who: 'alice' });
    expect(await desk.drain({ ...ORDER, force: true })).toHaveProperty('done');
    await desk.undrain({ who: 'alice' });
    sidecar.dispatch({ type: 'fleet', view: viewOf({ gw2: {} }) });
    expect(await desk.drain(ORDER)).toHaveProperty('done');
  });

  it('takes up what was kept, and forgets what is over or is no drain', async () => {
    open(POLICY);
    await desk.drain(ORDER);
    const [file] = kept;
    desk.close();
    sidecar.close();
    open(POLICY);
    expect(desk.resume(file)).toEqual({ kept: file, problems: [] });
    expect(sidecar.state.prefixes.get(V4)?.phase).toBe('drained');
    expect(sidecar.state.sessions.drain?.exodus.phase).toBe('withdrawing');
    desk.close();
    sidecar.close();
    open(POLICY);
    expect(desk.resume({ who: 'alice' })).toMatchObject({
      kept: undefined,
      problems: [{ key: 'drain.since', value: 'not there' }],
    });
    expect([sidecar.state.sessions.drain, kept.length]).toEqual([undefined, 1]);
    desk.resume({ ...file, until: '2001-01-01T00:00:00Z' });
    await expect.poll(() => kept).toEqual([expect.anything(), undefined]);
    expect(sidecar.state.sessions.drain).toBeUndefined();
  });

  it('lists when the link is up, and says once that it is down', async () => {
    open(POLICY);
    const id = table.add({ local: '192.0.2.1', identity: 'carol' });
    up();
    await until(() => sidecar.state.sessions.book.listedAt !== undefined);
    await until(() => sidecar.state.sessions.connections !== undefined);
    expect(sidecar.state.sessions).toMatchObject({ isLinked: true, isStale: false });
    expect(sidecar.state.sessions.book.sessions.get(id)?.prefix).toBe(V4);
    down();
    const { sessions } = sidecar.state;
    expect(sessions.isLinked).toBe(false);
    down();
    expect(sidecar.state.sessions).toBe(sessions);
  });

  it('sweeps after news of a better path', () => {
    open(FLEET);
    sidecar.dispatch({
      type: 'lease',
      report: { generation: 0, lease: 'none', desired: [], acknowledged: [], neighbors: {}, reasons: {} },
    });
    for (const check of [...POLICY.checks.keys(), 'charon'])
      sidecar.dispatch({ type: 'result', result: { check, verdict: 'pass', at: 1500 } });
    const [before, after] = [viewOf({ gw2: { state: 'withdrawn' } }), viewOf({ gw2: {} })];
    sidecar.dispatch({ type: 'fleet', view: after });
    desk.hearFleet(before, after);
    expect(sidecar.state.sessions.sweep.windows.get(V4)?.gateway).toBe('gw2');
  });
});
