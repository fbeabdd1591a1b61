/** When nobody must be evacuated: what is no failure of this gateway, and what nobody else could take. */
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../sidecar/decision.ts';
import type { SessionsEvent } from '../../sidecar/sessions/state.ts';
import { clientSa } from './ike-sa.fixture.ts';
import { CHECK, POLICY, Scenario, V4, V6 } from './scenario.ts';

const FLEET: Policy = {
  ...POLICY,
  checks: new Map([...POLICY.checks, ['canary', { ...CHECK, class: 'not-serving' }]]),
  prefixes: POLICY.prefixes.map((rule) => ({ ...rule, checks: [...rule.checks, 'canary'] })),
  fleet: { maxAgeMs: 5000, minimumOthers: 1, members: [{ name: 'gw2' }] },
};
const { fleet: _, ...ALONE } = FLEET;

class World extends Scenario {
  isOtherThere = true;
  clients = [1, 2, 3].map((id) => clientSa(id));

  tell(event: SessionsEvent): this {
    return this.send({ type: 'sessions', event });
  }

  hearOther(): this {
    if (this.policy.fleet === undefined) return this;
    const prefixes = [V4, V6].map((prefix) => ({
      prefix,
      state: this.isOtherThere ? ('announced' as const) : ('withdrawn' as const),
      class: this.isOtherThere ? null : ('gone' as const),
      preference: null,
      yielding: false,
      acknowledged: this.isOtherThere,
    }));
    const word = {
      gateway: 'gw2',
      version: '1',
      state: this.isOtherThere ? ('announced' as const) : ('withdrawn' as const),
      prefixes,
      drain: null,
      load: { ike_sas: 1, half_open: 0 },
      set_up: {},
    };
    const members = new Map([['gw2', { name: 'gw2', heardAt: this.now, word }]]);
    return this.send({ type: 'fleet', view: { members, settled: true } });
  }

  begin(): this {
    return this.guard({}).hearOther().live(2000).tell({ type: 'link', isUp: true }).live(500);
  }

  /** A guard that acknowledges, a charon that is listed, another gateway that answers; checks pass but `failing`. */
  live(ms: number, ...failing: string[]): this {
    for (let passed = 0; passed < ms; passed += 100) {
      this.pass(...[...this.policy.checks.keys()].filter((check) => !failing.includes(check)));
      this.hearOther().wait(100);
      const acknowledged = [...new Set(this.state.announcements.map(({ prefix }) => prefix))];
      const { generation } = this.state;
      this.guard({ generation, lease: 'held', acknowledged });
      if (this.state.sessions.askedAt !== undefined)
        this.tell({ type: 'listing', startedAt: this.now, ikeSas: this.clients, total: this.clients.length });
    }
    return this;
  }

  get terminated(): number {
    return this.effects.filter(({ effect }) => effect.type === 'terminate').length;
  }
}

describe('evacuation', () => {
  it('goes with a withdrawal by a check while another gateway announces', () => {
    const run = new World(FLEET).begin();
    run.fail('canary', 'canary-no-answer').live(3000, 'canary');
    expect(run.routes).toEqual([]);
    expect(run.terminated).toBeGreaterThan(0);
    expect([...(run.state.sessions.evacuation.exodus?.prefixes ?? [])]).toEqual([V4, V6]);
  });

  it('moves nobody without a fleet: whether anybody else takes the clients is not known', () => {
    const run = new World(ALONE).begin();
    run.fail('canary', 'canary-no-answer').live(5000, 'canary');
    expect(run.routes).toEqual([]);
    expect(run.terminated).toBe(0);
  });

  it('moves nobody when no connections are loaded and no other gateway announces', () => {
    const run = new World(FLEET);
    run.isOtherThere = false;
    run.begin().fail('charon', 'no-connections').live(5000, 'charon');
    expect(run.routes).toEqual([]);
    expect(run.terminated).toBe(0);
  });

  it('pauses while the other gateway is away, and goes on when it is back', () => {
    const run = new World(FLEET).begin();
    run.fail('charon', 'no-connections');
    run.isOtherThere = false;
    run.live(5000, 'charon');
    expect(run.terminated).toBe(0);
    run.isOtherThere = true;
    run.live(1000, 'charon');
    expect(run.terminated).toBeGreaterThan(0);
  });

  it.each(['no-connections', 'address-missing'] as const)(
    'takes those pinned along where the gateway cannot take their next login: %s',
    (reason) => {
      const sessions = { ...FLEET.sessions, own: { name: 'gw1', address: '10.1.1.2' } };
      const run = new World({ ...FLEET, sessions });
      run.clients = [clientSa(1), clientSa(2, '10.1.1.2')];
      run.begin();
      const checks = ['charon', 'ike-v4', 'ike-v6'];
      for (const check of checks) run.fail(check, reason);
      run.live(4000, ...checks);
      const told = run.effects.flatMap(({ effect }) => (effect.type === 'terminate' ? effect.ids : []));
      expect(new Set(told)).toEqual(new Set([1, 2]));
    },
  );

  it('moves nobody when the lease lapsed: this process slept, and nothing failed', () => {
    const run = new World(FLEET).begin();
    run.guard({ generation: run.state.generation, lease: 'lapsed' });
    expect(run.routes).toEqual([]);
    run.live(1500);
    expect(run.terminated).toBe(0);
    run.live(5000);
    expect(run.routes.length).toBe(2);
  });

  it('moves nobody when an adoption expires', () => {
    const run = new World(FLEET);
    const desired = FLEET.prefixes.flatMap(({ routes }) => routes.announced);
    run.hearOther().guard({ generation: 7, lease: 'handover', desired, acknowledged: [V4, V6] });
    run.tell({ type: 'link', isUp: true }).live(7000, 'ike-v4', 'ike-v6');
    expect(run.routes).toEqual([]);
    expect(run.terminated).toBe(0);
  });

  it('is over when charon goes: those who come to its successor are none of it', () => {
    const run = new World(FLEET).begin();
    run.tell({ type: 'link', isUp: false }).fail('canary', 'canary-no-answer').live(1000, 'canary');
    run.fail('charon', 'charon-gone').live(1000, 'canary', 'charon');
    run.tell({ type: 'link', isUp: true }).live(3000, 'canary');
    expect(run.terminated).toBe(0);
    expect(run.state.sessions.evacuation.exodus).toBeUndefined();
  });
});

describe('the sweep', () => {
  it('has nothing to do with being worse where no other gateway announces', () => {
    const sweep = { ...POLICY.sessions.sweep, enabled: true };
    const run = new World({ ...ALONE, sessions: { ...ALONE.sessions, sweep } }).begin();
    run.fail('sa-count', 'sa-collapse').live(1000, 'sa-count');
    expect(run.phase()).toContain('degraded');
    expect(run.state.sessions.sweep.windows.size).toBe(0);
  });
});
