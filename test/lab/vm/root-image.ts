/** The machine's kernel, initramfs and root file system, made of Debian packages: one to boot, the rest as installed here. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LabError } from '../lab-error.ts';
import { runCommand } from '../run-command.ts';
import { cached, digestOf } from './cache.ts';
import { archive } from './cpio.ts';
import { makeExt4 } from './ext4.ts';
import { BOOT_MODULES, loadOrder } from './modules.ts';
import { closureOf, GUEST_PACKAGES, parseFiles, parseInstalled, QUERY_FORMAT } from './packages.ts';
import { BUSYBOX } from './requirements.ts';

export interface RootImage {
  readonly kernel: string;
  readonly initramfs: string;
  readonly image: string;
}

/** To be raised with any change of how the image is made. */
const FORMAT = 2;
const guest = (name: string): Buffer => readFileSync(new URL(`guest/${name}`, import.meta.url));
/** What packages make when they are installed; passwd knows the users of the daemons. */
const MADE_BY_INSTALLING = ['etc/alternatives', 'etc/ld.so.cache', 'etc/ld.so.conf', 'etc/ld.so.conf.d'];
const ALTERNATIVES = '/var/lib/dpkg/alternatives';
const ACCOUNTS = ['etc/passwd', 'etc/group', 'etc/nsswitch.conf', 'var/lib/dpkg/status'];
/** Of the kernel's modules; the rest are drivers of hardware that is not there. */
const MODULE_DIRECTORIES = ['arch', 'crypto', 'lib', 'net', 'drivers/block', 'drivers/net', 'drivers/virtio'];
const MOUNT_POINTS = ['proc', 'sys', 'dev', 'run', 'tmp', 'root', 'project', 'vm', 'var/tmp', 'var/log'];

/** @param kernelPackage a .deb @param progress told when something has to be made, which takes seconds */
export async function rootImage(
  kernelPackage: string,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<RootImage> {
  const installed = parseInstalled(await runCommand(['dpkg-query', '-W', '-f', QUERY_FORMAT], signal));
  const { packages, missing } = closureOf(GUEST_PACKAGES, installed);
  if (missing.length > 0)
    throw new LabError(
      'LAB_TOOL_MISSING',
      `the virtual machine needs ${missing.join(', ')}: run "make setup"`,
    );
  const versions = packages.map(({ binary, version }) => `${binary} ${version}`);
  const scripts = ['initramfs-init', 'init'].map((name) => guest(name).toString());
  const digest = digestOf(String(FORMAT), basename(kernelPackage), ...versions, ...scripts);
  const directory = await cached('root', digest, async (scratch) => {
    progress(`making the virtual machine's root file system of ${packages.length} packages`);
    const tree = join(scratch, 'tree');
    await copyPackages(
      packages.map(({ binary }) => binary),
      tree,
      signal,
    );
    const { kernel, modules } = await unpackKernel(kernelPackage, scratch, tree, signal);
    writeFileSync(join(scratch, 'vmlinuz'), readFileSync(kernel));
    writeFileSync(join(scratch, 'initramfs'), initramfs(modules));
    writeFileSync(join(tree, 'vm/init'), guest('init'), { mode: 0o755 });
    await makeExt4(tree, join(scratch, 'root.img'), signal);
    for (const part of ['tree', 'kernel']) rmSync(join(scratch, part), { recursive: true });
  });
  const part = (name: string): string => join(directory, name);
  return { kernel: part('vmlinuz'), initramfs: part('initramfs'), image: part('root.img') };
}

async function copyPackages(binaries: readonly string[], tree: string, signal: AbortSignal): Promise<void> {
  for (const directory of MOUNT_POINTS) mkdirSync(join(tree, directory), { recursive: true });
  // Debian's merged /usr: packages may still name files by the old paths.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(tree, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(tree, name));
  }
  const files = parseFiles(await runCommand(['dpkg-query', '-L', ...binaries], signal));
  // An image of a container may have been made without some of the files.
  const there = [...files, ...compiledPython(files)].filter((path) => existsSync(path));
  const links = alternatives().filter((path) => existsSync(path));
  const names = [...[...there, ...links].map((path) => path.slice(1)), ...ACCOUNTS].filter(Boolean);
  await copy(['--no-recursion'], names, tree, signal);
  await copy([], MADE_BY_INSTALLING, tree, signal);
  writeFileSync(join(tree, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  writeFileSync(join(tree, 'etc/hostname'), 'lab\n');
}

/** Names such as /usr/sbin/exabgp, which no package owns (update-alternatives(1): the second line of each record). */
function alternatives(): string[] {
  const records = readdirSync(ALTERNATIVES).map((name) => readFileSync(join(ALTERNATIVES, name), 'utf8'));
  return records.map((record) => record.split('\n')[1] ?? '').filter((path) => path.startsWith('/'));
}

/** Made when a package is installed; without it each start of Python compiles what it imports anew. */
function compiledPython(files: readonly string[]): string[] {
  const directories = new Set(files.filter((path) => path.endsWith('.py')).map(dirname));
  return [...directories].flatMap((directory) => {
    const compiled = join(directory, '__pycache__');
    if (!existsSync(compiled)) return [];
    return [compiled, ...readdirSync(compiled).map((name) => join(compiled, name))];
  });
}

/** From the root directory, with owners and modes; links stay links. @param names relative to it */
async function copy(
  options: readonly string[],
  names: readonly string[],
  tree: string,
  signal: AbortSignal,
): Promise<void> {
  const script = 'tar -C / -cf - --null "$@" -T - | tar -C "$0" -xpf - --keep-directory-symlink';
  await runCommand(['bash', '-o', 'pipefail', '-c', script, tree, ...options], signal, {
    input: names.map((name) => `${name}\0`).join(''),
  });
}

async function unpackKernel(
  kernelPackage: string,
  scratch: string,
  tree: string,
  signal: AbortSignal,
): Promise<{ readonly kernel: string; readonly modules: string }> {
  const unpacked = join(scratch, 'kernel');
  await runCommand(['dpkg-deb', '-x', kernelPackage, unpacked], signal);
  const [version] = readdirSync(join(unpacked, 'lib/modules'));
  if (version === undefined) throw new LabError('LAB_SPOILT', `${kernelPackage} has no kernel modules`);
  const from = join(unpacked, 'lib/modules', version);
  const modules = join(tree, 'usr/lib/modules', version);
  mkdirSync(join(modules, 'kernel/drivers'), { recursive: true });
  const wanted = MODULE_DIRECTORIES.filter((each) => existsSync(join(from, 'kernel', each)));
  for (const each of wanted)
    await runCommand(
      ['cp', '-r', join(from, 'kernel', each), join(modules, 'kernel', dirname(each))],
      signal,
    );
  for (const list of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    await runCommand(['cp', join(from, list), modules], signal);
  await runCommand(['/sbin/depmod', '-b', join(tree, 'usr'), version], signal);
  return { kernel: join(unpacked, 'boot', `vmlinuz-${version}`), modules };
}

/** @param modules lib/modules/VERSION of the tree, after depmod */
function initramfs(modules: string): Buffer {
  const paths = loadOrder(BOOT_MODULES, readFileSync(join(modules, 'modules.dep'), 'utf8'));
  const directories = ['bin', 'dev', 'proc', 'root', 'modules'].map((path) => ({ path }));
  return archive([
    ...directories,
    { path: 'bin/busybox', content: readFileSync(BUSYBOX), executable: true },
    { path: 'init', content: guest('initramfs-init'), executable: true },
    ...paths.map((path) => ({
      path: `modules/${basename(path)}`,
      content: readFileSync(join(modules, path)),
    })),
    { path: 'modules/order', content: `${paths.map((path) => basename(path)).join('\n')}\n` },
  ]);
}
