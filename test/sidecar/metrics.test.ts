import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../sidecar/metrics.ts';
import type { Status } from '../../sidecar/status.ts';
import { viewOf } from './fleet/member.fixture.ts';
import { POLICY, Scenario, V4, V6 } from './scenario.ts';
import { statusFor } from './status.fixture.ts';

function metricsOf(run: Scenario): Metrics {
  const sas = () => ({ ikeSas: 12, halfOpen: 1, childSas: 14 });
  const metrics = new Metrics({ status: () => statusFor(run), lagMs: () => 1.5, sas });
  for (const { at, effect } of run.effects)
    if (effect.type === 'journal') metrics.transition(effect.transition, new Date(at));
  metrics.checked({ check: 'charon', verdict: 'pass', at: 0 }, 0.4, new Date('2026-01-01T00:00:00Z'));
  return metrics;
}

describe('metrics', () => {
  it('show the crash of charon the way status does', async () => {
    const run = new Scenario().guard({}).healthy(1000);
    const { now } = run.wait(1).fail('charon', 'charon-gone');
    const text = await metricsOf(run).registry.metrics();
    for (const line of [
      'swancast_gateway_state{state="withdrawn"} 1',
      `swancast_prefix_desired{prefix="${V4}"} 0`,
      `swancast_prefix_state{prefix="${V4}",state="withdrawn",reason="charon-gone"} 1`,
      'swancast_check_up{check="charon"} 0',
      'swancast_check_reason{check="charon",reason="charon-gone",class="gone"} 1',
      `swancast_transitions_total{prefix="${V4}",to="withdrawn",reason="charon-gone"} 1`,
      `swancast_prefix_withdrawn_timestamp_seconds{prefix="${V4}",reason="charon-gone"} ${now / 1000}`,
      `swancast_prefix_announced{prefix="${V4}",side="outside"} 0`,
      'swancast_check_duration_seconds_bucket{le="0.0005",check="charon"} 1',
      'swancast_ike_sas 12',
      'swancast_child_sas 14',
      'swancast_event_loop_lag_seconds 0.0015',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('show an order, its end, and none as 0', async () => {
    const run = new Scenario().guard({}).healthy(1000).force('withdraw').healthy(1000);
    const metrics = metricsOf(run);
    const text = await metrics.registry.metrics();
    for (const line of [
      `swancast_prefix_forced{prefix="${V4}",verb="withdraw"} 1`,
      `swancast_prefix_forced{prefix="${V4}",verb="announce"} 0`,
      `swancast_prefix_forced_remaining_seconds{prefix="${V4}"} 599`,
      `swancast_prefix_state{prefix="${V4}",state="withdrawn",reason="forced-withdraw"} 1`,
      `swancast_transitions_total{prefix="${V4}",to="withdrawn",reason="forced-withdraw"} 1`,
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    run.intent();
    const after = await metrics.registry.metrics();
    expect(after).toContain(`swancast_prefix_forced{prefix="${V4}",verb="withdraw"} 0`);
    expect(after).not.toContain('forced_remaining_seconds{');
  });

  it('show flaps, roles and the other gateways', async () => {
    const policy = {
      ...POLICY,
      hold: { ...POLICY.hold, flapLimit: 2 },
      prefixes: POLICY.prefixes.map((rule) => ({ ...rule, preempt: false, preference: 2 })),
      fleet: { maxAgeMs: 5000, minimumOthers: 1, members: [{ name: 'gw2' }, { name: 'gw3' }] },
    };
    const run = new Scenario(policy).guard({});
    const view = viewOf({ gw2: { heardAt: 1000 }, gw3: undefined });
    run.send({ type: 'fleet', view }).healthy(1000);
    const yielding = await metricsOf(run).registry.metrics();
    const fail = (): void => {
      run.fail('sa-count', 'sa-collapse').wait(1);
      run.send({ type: 'fleet', view: viewOf({ gw2: { heardAt: run.now }, gw3: undefined }) });
    };
    fail();
    run.healthy(2500);
    fail();
    const held = await metricsOf(run).registry.metrics();
    for (const line of [
      `swancast_prefix_yielding{prefix="${V4}"} 1`,
      `swancast_prefix_preference{prefix="${V4}"} 2`,
      `swancast_prefix_flaps{prefix="${V4}"} 0`,
      `swancast_prefix_flap_hold_remaining_seconds{prefix="${V4}"} 0`,
      'swancast_fleet_member_here{member="gw2"} 1',
      'swancast_fleet_member_here{member="gw3"} 0',
      'swancast_fleet_member_age_seconds{member="gw2"} 1',
      `swancast_fleet_member_announced{member="gw2",prefix="${V4}"} 1`,
      `swancast_fleet_member_better{member="gw2",prefix="${V4}"} 0`,
    ]) {
      expect(yielding.split('\n')).toContain(line);
    }
    for (const line of [
      `swancast_prefix_yielding{prefix="${V4}"} 0`,
      `swancast_prefix_flaps{prefix="${V4}"} 2`,
      `swancast_prefix_hold_down_remaining_seconds{prefix="${V4}"} 4`,
      `swancast_prefix_flap_hold_remaining_seconds{prefix="${V4}"} 60`,
      `swancast_fleet_member_better{member="gw2",prefix="${V4}"} 1`,
    ]) {
      expect(held.split('\n')).toContain(line);
    }
    expect(yielding).not.toContain('fleet_member_age_seconds{member="gw3"}');
  });

  it('count as announced what a router hears, and remember a crash that is over', async () => {
    const run = new Scenario().guard({}).healthy(1000);
    const announced = async (): Promise<string | undefined> =>
      /^swancast_prefix_announced\{prefix="192.*$/m.exec(await metricsOf(run).registry.metrics())?.[0];
    run.guard({ acknowledged: [V4] });
    expect(await announced()).toBe(`swancast_prefix_announced{prefix="${V4}",side="outside"} 0`);
    run.guard({ acknowledged: [V4], neighbors: { 'fd00:1:1::1': 'up', '10.1.1.1': 'connected' } });
    expect(await announced()).toMatch(/ 0$/);
    run.guard({ acknowledged: [V4], neighbors: { '10.1.1.1': 'up' } });
    expect(await announced()).toMatch(/ 1$/);
    const { now } = run.fail('charon', 'charon-gone');
    const text = await metricsOf(run.healthy(5000)).registry.metrics();
    expect(text).toContain(`swancast_prefix_state{prefix="${V4}",state="announced",reason="all-pass"} 1`);
    expect(text).toContain(
      `swancast_prefix_withdrawn_timestamp_seconds{prefix="${V4}",reason="charon-gone"} ${now / 1000}`,
    );
  });

  it('do not call withdrawn what was not announced', async () => {
    const run = new Scenario()
      .guard({})
      .healthy(1000)
      .force('withdraw')
      .fail('charon', 'charon-gone')
      .intent();
    const text = await metricsOf(run).registry.metrics();
    expect(text).toContain(`withdrawn_timestamp_seconds{prefix="${V4}",reason="forced-withdraw"}`);
    expect(text).not.toContain(`withdrawn_timestamp_seconds{prefix="${V4}",reason="charon-gone"}`);
    expect(text).toContain(`withdrawn_timestamp_seconds{prefix="${V6}",reason="charon-gone"}`);
  });

  it('tell whether the last reload was accepted', async () => {
    const metrics = metricsOf(new Scenario());
    const last = async (): Promise<string | undefined> =>
      /^swancast_config_reload_accepted .*$/m.exec(await metrics.registry.metrics())?.[0];
    expect(await last()).toBe('swancast_config_reload_accepted 1');
    metrics.reloaded(false);
    expect(await last()).toBe('swancast_config_reload_accepted 0');
    metrics.reloaded(true);
    expect(await last()).toBe('swancast_config_reload_accepted 1');
  });

  it('tell which neighbor would keep our routes', async () => {
    const text = await metricsOf(new Scenario().guard({ gracefulRestart: ['10.1.1.1'] })).registry.metrics();
    expect(text).toContain('swancast_bgp_graceful_restart{neighbor="10.1.1.1"} 1');
    expect(text).toContain('swancast_bgp_graceful_restart{neighbor="fd00:1:1::1"} 0');
  });

  it('build the status once a scrape, and anew for the next one', async () => {
    let built = 0;
    const status = (): Status => {
      built += 1;
      return statusFor(new Scenario());
    };
    const { registry } = new Metrics({ status, lagMs: () => 0, sas: () => undefined });
    await registry.metrics();
    expect(built).toBe(1);
    await registry.metrics();
    expect(built).toBe(2);
  });

  it('give no sample for what is not known', async () => {
    const nothing = new Metrics({
      status: () => statusFor(new Scenario()),
      lagMs: () => 0,
      sas: () => undefined,
    });
    const text = await nothing.registry.metrics();
    for (const name of ['evidence_age_seconds', 'ike_sas', 'ike_sas_half_open', 'child_sas']) {
      expect(text).not.toMatch(new RegExp(`^swancast_${name} `, 'm'));
    }
    expect(text).toMatch(/^swancast_guard_connected 0$/m);
  });

  it('forget a reason that no longer holds', async () => {
    const run = new Scenario().guard({}).healthy(1000).fail('charon', 'charon-gone');
    const metrics = metricsOf(run);
    await metrics.registry.metrics();
    run.healthy(5000);
    const text = await metrics.registry.metrics();
    expect(text).toContain(`swancast_prefix_state{prefix="${V4}",state="announced",reason="all-pass"} 1`);
    expect(text).not.toContain('state="withdrawn",reason');
    expect(text).not.toContain('reason="charon-gone",class');
  });

  it('pass promtool check metrics', async () => {
    const input = await metricsOf(new Scenario().guard({}).healthy(1000)).registry.metrics();
    const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    expect(error, 'promtool comes with the Debian package prometheus: make setup').toBeUndefined();
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});
