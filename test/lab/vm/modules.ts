/** Which kernel modules are loaded before the root file system is there, and in which order. Pure. */

/** A disk by virtio on the PCI bus; ext4 is part of Debian's cloud kernel. */
export const BOOT_MODULES: readonly string[] = ['virtio_pci', 'virtio_blk'];

/**
 * @param text modules.dep as depmod writes it: "kernel/a.ko: kernel/b.ko kernel/c.ko", dependencies of dependencies
 * included
 * @returns paths below lib/modules/VERSION/, each after what it needs
 * @throws RangeError for a name that is not there
 */
export function loadOrder(names: readonly string[], text: string): string[] {
  const needs = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [path = '', rest = ''] = line.split(':');
    if (path !== '') needs.set(path, rest.split(' ').filter(Boolean));
  }
  const order = new Set<string>();
  const add = (path: string): void => {
    for (const each of needs.get(path) ?? []) if (!order.has(each)) add(each);
    order.add(path);
  };
  for (const name of names) {
    const path = [...needs.keys()].find((each) => moduleName(each) === name);
    if (path === undefined) throw new RangeError(`this kernel has no module ${name}`);
    add(path);
  }
  return [...order];
}

/** "kernel/drivers/net/veth.ko" → "veth" */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.slice(0, file.indexOf('.')).replaceAll('-', '_');
}
