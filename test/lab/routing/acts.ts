/** What trials of `lab routing` do to gateways. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gateway } from '../gateway.ts';
import { LabError } from '../lab-error.ts';
import type { GatewayName, GatewayPlan } from '../topology.ts';
import { flagFile } from './site-config.ts';
import type { Stage } from './trial.ts';

export function planOf({ lab }: Pick<Stage, 'lab'>, name: GatewayName): GatewayPlan {
  const plan = lab.topology.gateways.find((each) => each.name === name);
  if (plan === undefined) throw new LabError('LAB_SPOILT', `there is no ${name} in this lab`);
  return plan;
}

export const gatewayOf = (stage: Pick<Stage, 'lab'>, name: GatewayName): Gateway =>
  stage.lab.gateway(planOf(stage, name));

/** Of two gateways the one that is not this. */
export function otherThan({ lab }: Pick<Stage, 'lab'>, { name }: Pick<GatewayPlan, 'name'>): GatewayPlan {
  const other = lab.topology.gateways.find((each) => each.name !== name);
  if (other === undefined) throw new LabError('LAB_SPOILT', `there is no other than ${name}`);
  return other;
}

/** Makes that check of the gateway fail, or pass again. @returns when, on the timeline */
export function flag(stage: Stage, { name }: Pick<GatewayPlan, 'name'>, check: string, up: boolean): number {
  const file = flagFile(join(stage.lab.directory, name), check);
  if (up) writeFileSync(file, '');
  else rmSync(file, { force: true });
  stage.defer(() => rmSync(file, { force: true }));
  return stage.lab.timeline.act(`${name}'s check ${check} ${up ? 'fails' : 'passes'} from now on`);
}

/** SIGKILL, and whatever happens charon is started again in the end. @returns when, on the timeline */
export async function killCharon(stage: Stage, name: GatewayName): Promise<number> {
  const gateway = gatewayOf(stage, name);
  const at = stage.lab.timeline.act(`SIGKILL of ${name}'s charon`);
  const { pid, gone } = gateway.charon.kill();
  stage.defer(async () => (gateway.charon.daemon.pid === pid ? startCharon(stage, name) : undefined));
  await gone;
  return at;
}

export async function startCharon(stage: Stage, name: GatewayName): Promise<void> {
  stage.lab.timeline.act(`starts ${name}'s charon again`);
  await gatewayOf(stage, name).startCharon(stage.signal);
}
