/** One command of a story: its name, what it does, and when it can be. */
import type fc from 'fast-check';
import type { Driver } from './decision-driver.ts';
import type { History } from './decision-history.ts';

export type Act = fc.Command<History, Driver>;

export const act = (
  name: string,
  run: (driver: Driver, story: History) => void,
  check: (story: Readonly<History>) => boolean = () => true,
): Act => ({ check, run: (story, driver) => run(driver, story), toString: () => name });
