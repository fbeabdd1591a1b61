/** The project as disks: node_modules, which seldom changes and is kept, and the rest, made anew for each run. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from '../lab-error.ts';
import { runCommand } from '../run-command.ts';
import { cached, digestOf } from './cache.ts';
import { makeExt4 } from './ext4.ts';
import { jobScript, type Job } from './job.ts';

const STRIP_TYPES = fileURLToPath(new URL('strip-types.ts', import.meta.url));
const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
/** At the top of the project: mounted from the other disk, or of no use there. */
const LEFT_OUT = new Set(['node_modules', '.git', 'logs']);
const FORMAT = 1;

/** @returns the image with the content of node_modules */
export async function modulesImage(progress: (line: string) => void, signal: AbortSignal): Promise<string> {
  // May be a link to that of another checkout.
  const modules = realpathSync(join(PROJECT, 'node_modules'));
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record))
    throw new LabError('LAB_TOOL_MISSING', `there is no ${record}: run "make setup" first`);
  const digest = digestOf(String(FORMAT), readFileSync(record, 'utf8'));
  const directory = await cached('modules', digest, async (scratch) => {
    progress('making a disk of node_modules');
    await makeExt4(modules, join(scratch, 'modules.img'), signal);
  });
  return join(directory, 'modules.img');
}

/** @param scratch for the image and what it is made of @returns the image, with the job in it */
export async function projectImage(job: Job, scratch: string, signal: AbortSignal): Promise<string> {
  const tree = join(scratch, 'project');
  cpSync(PROJECT, tree, {
    recursive: true,
    filter: (source) => !LEFT_OUT.has(relative(PROJECT, source).split(sep)[0] ?? ''),
  });
  mkdirSync(join(tree, 'node_modules'));
  mkdirSync(join(tree, '.vm'));
  await runCommand([process.execPath, '--disable-warning=ExperimentalWarning', STRIP_TYPES, tree], signal);
  // By another name: Node shall not look for types in it.
  copyFileSync(join(tree, 'test/lab/vm/guest/stripped.ts'), join(tree, '.vm/stripped.mjs'));
  writeFileSync(join(tree, '.vm/job'), jobScript(job));
  const image = join(scratch, 'project.img');
  await makeExt4(tree, image, signal);
  rmSync(tree, { recursive: true });
  return image;
}
