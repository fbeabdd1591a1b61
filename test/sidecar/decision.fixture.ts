/** A gateway that serves, as the scenarios of the decision begin with it. */
import { Scenario, V4, V6 } from './scenario.ts';

/** The routes of both prefixes, undegraded. */
export const BOTH = [`${V4} 100`, `${V6} 100`];

export const announced = (): Scenario => new Scenario().guard({}).healthy(1000);
