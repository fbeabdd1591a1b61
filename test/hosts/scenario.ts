/** What a scenario of `hosts rollout` is, and what it works with. */
import { LabError } from '../lab/lab-error.ts';
import type { Ansible } from './ansible.ts';
import type { Host } from './host.ts';
import type { ConfigVariant } from './host-config.ts';
import type { Alerts } from './prometheus.ts';
import type { Bounds } from './report.ts';
import type { HostsSite } from './site.ts';
import type { Watch } from './watch.ts';

/** Counts, milliseconds, names: beside what the clients and the routers saw. */
export type Notes = Readonly<Record<string, number | string>>;

export interface Releases {
  /** The package as it was built. */
  readonly first: string;
  readonly version: string;
  /** Newer ones; made when they are asked for. */
  readonly next: () => Promise<string>;
  readonly nextVersion: string;
  /** Its daemon ends with 7 as soon as it is started. */
  readonly bad: () => Promise<string>;
  readonly badVersion: string;
  /** Puts a newer strongSwan where the hosts' apt looks. @returns its version */
  readonly strongswan: (suffix: string) => Promise<string>;
}

/** What the operator has set; scenarios change it, and it stays so. */
export interface Operator {
  variant: ConfigVariant;
  /** Path of the swancast package that is to be there. */
  package: string;
  version: string;
}

export interface Stage {
  readonly site: HostsSite;
  readonly watch: Watch;
  readonly ansible: Ansible;
  readonly releases: Releases;
  readonly operator: Operator;
  readonly alerts: Alerts;
  readonly signal: AbortSignal;
  readonly note: (notes: Notes) => void;
  /** `rollout.yml` with what the operator has set now. @param vars besides */
  readonly vars: () => Readonly<Record<string, unknown>>;
}

export interface Scenario {
  readonly name: string;
  /** For the table. */
  readonly shows: string;
  /** One of those that `make test` runs. */
  readonly quick?: boolean;
  /** Before the clients are watched. */
  readonly arrange?: (stage: Stage) => Promise<void>;
  /** @throws LabError when something is not as it must be */
  readonly act: (stage: Stage) => Promise<void>;
  /** After the measurement, before the next one. */
  readonly restore?: (stage: Stage) => Promise<void>;
  /** How long after `act` a client may notice; 1000 by default. */
  readonly noticedMs?: number;
  readonly bounds?: Bounds;
}

export function hostNamed({ site }: Pick<Stage, 'site'>, name: string): Host {
  const host = site.hosts.find(({ plan }) => plan.name === name);
  if (host === undefined) throw new LabError('LAB_SPOILT', `there is no host ${name}`);
  return host;
}

/** @throws LabError LAB_DEADLINE, a finding, unless they are the same as JSON */
export function expectSame(what: string, seen: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (a !== b) throw new LabError('LAB_DEADLINE', `${what}: expected ${b}, seen ${a}`);
}
