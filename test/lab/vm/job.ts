/** What the virtual machine is told to run, as a shell script. Pure. */

export interface Job {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** In there, the project lies here, whatever it is called outside. */
export const GUEST_PROJECT = '/project';
/** What lies here at the end comes out. */
export const GUEST_RESULTS = '/run/results';

export function jobScript({ argv, env }: Job): string {
  const variables = {
    ...env,
    NODE_OPTIONS: `--import ${GUEST_PROJECT}/.vm/stripped.mjs`,
    PATH: `${GUEST_PROJECT}/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`);
  return [...lines, `exec ${argv.map(quote).join(' ')}`, ''].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
