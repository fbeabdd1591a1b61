import { readdirSync, statSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../lab-error.ts';
import { isExecutable } from '../requirements.ts';
import { cacheDirectory } from './cache.ts';

export const QEMU = '/usr/bin/qemu-system-x86_64';
export const BUSYBOX = '/bin/busybox';

const TOOLS: readonly (readonly [program: string, debianPackage: string])[] = [
  [QEMU, 'qemu-system-x86'],
  [BUSYBOX, 'busybox-static'],
  ['/sbin/depmod', 'kmod'],
  ['/sbin/mke2fs', 'e2fsprogs'],
  ['/usr/bin/dpkg-deb', 'dpkg'],
];
/** As `apt-get download` names it. */
const KERNEL_PACKAGE = /^linux-image-\d.*-cloud-amd64_.*\.deb$/;

/**
 * @returns the Debian package with the kernel, the one downloaded last
 * @throws LabError LAB_TOOL_MISSING whose message is one line: what is missing, and the way out
 */
export function assertCanBoot(): { readonly kernelPackage: string } {
  const missing = (what: string): never => {
    throw new LabError('LAB_TOOL_MISSING', `the virtual machine ${what}`);
  };
  if (arch() !== 'x64') return missing(`is made for amd64 alone, and this is ${arch()}`);
  if (process.getuid?.() !== 0) return missing('is made of files that only root can copy: run it as root');
  const absent = TOOLS.filter(([program]) => !isExecutable(program)).map(([, name]) => name);
  if (absent.length > 0) return missing(`needs ${absent.join(', ')}: run "make setup"`);
  const kernelPackage = newestKernelPackage();
  if (kernelPackage === undefined)
    return missing(`needs Debian's cloud kernel in ${cacheDirectory()}: run "make setup"`);
  return { kernelPackage };
}

function newestKernelPackage(): string | undefined {
  const cache = cacheDirectory();
  try {
    const packages = readdirSync(cache).filter((name) => KERNEL_PACKAGE.test(name));
    const newest = packages
      .map((name) => join(cache, name))
      .toSorted((a, b) => statSync(b).ctimeMs - statSync(a).ctimeMs);
    return newest[0];
  } catch {
    return undefined;
  }
}
