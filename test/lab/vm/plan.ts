/** A command line of the lab that asks for the kernel's data plane, as it is run inside the virtual machine. Pure. */
import { DATAPLANE_VARIABLE, PATIENCE_VARIABLE } from '../dataplane.ts';
import { LabError } from '../lab-error.ts';
import { GUEST_RESULTS, type Job } from './job.ts';

export interface MachinePlan {
  readonly job: Job;
  /** Of the lab. */
  readonly name: string;
  /** Where the report shall be in the end. */
  readonly json: string | undefined;
  /** Where no machine can be had, that is said, counted, and no failure. */
  readonly orSkip: boolean;
}

/** In the machine; the host finds it among the results. */
export const REPORT = 'report.json';
/** One processor for three hosts and all clients. */
const PATIENCE = 2;

/**
 * @param args of the lab's command line
 * @returns undefined where the kernel's data plane is not asked for
 * @throws LabError LAB_ARGUMENT for what cannot be had in there
 */
export function planMachine(args: readonly string[]): MachinePlan | undefined {
  const inside: string[] = [];
  let [dataplane, json, name] = ['libipsec', undefined as string | undefined, 'lab'];
  let orSkip = false;
  for (let index = 0; index < args.length; index += 1) {
    const [option, attached] = splitOption(args[index] ?? '');
    const value = (): string => {
      if (attached === undefined) index += 1;
      return attached ?? args[index] ?? '';
    };
    if (option === '--dataplane') dataplane = value();
    else if (option === '--or-skip') orSkip = true;
    else if (option === '--json') json = value();
    else if (option === '--name') inside.push(option, (name = value()));
    else inside.push(args[index] ?? '');
  }
  if (dataplane !== 'kernel') return undefined;
  if (args.includes('--keep'))
    throw new LabError(
      'LAB_ARGUMENT',
      '--dataplane kernel cannot --keep its lab: the virtual machine goes with it',
    );
  const argv = ['node', 'test/lab/main.ts', ...inside, '--json', `${GUEST_RESULTS}/${REPORT}`] as const;
  const env = { [DATAPLANE_VARIABLE]: 'kernel', [PATIENCE_VARIABLE]: String(PATIENCE) };
  return { job: { argv, env }, name, json, orSkip };
}

/** "--json=a" → ["--json", "a"] */
function splitOption(argument: string): [string, string?] {
  const at = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return at < 0 ? [argument] : [argument.slice(0, at), argument.slice(at + 1)];
}
