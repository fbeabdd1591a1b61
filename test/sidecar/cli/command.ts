/** One command line, run in this process, with what it printed. */
import { main } from '../../../sidecar/cli/program.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function swancast(...words: readonly string[]): Promise<Ran> {
  return await swancastWith({}, ...words);
}

export async function swancastWith(
  env: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<Ran> {
  let [out, err] = ['', ''];
  const output = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  };
  const code = await main(['node', 'swancast', ...words], { output, env });
  return { code, out, err };
}
