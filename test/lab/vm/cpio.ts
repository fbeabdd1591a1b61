/** An archive as the kernel takes it for an initramfs: "newc" (Documentation/driver-api/early-userspace/buffer-format). Pure. */

export interface ArchiveEntry {
  /** Without a slash at the beginning; directories before what is in them. */
  readonly path: string;
  /** Absent for a directory. */
  readonly content?: Buffer | string;
  readonly executable?: boolean;
}

const DIRECTORY = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

export function archive(entries: readonly ArchiveEntry[]): Buffer {
  const parts = entries.map(({ path, content, executable = false }, index) =>
    content === undefined
      ? member(path, DIRECTORY, index + 1, Buffer.alloc(0))
      : member(path, executable ? PROGRAM : FILE, index + 1, Buffer.from(content)),
  );
  return Buffer.concat([...parts, member('TRAILER!!!', 0, 0, Buffer.alloc(0))]);
}

function member(name: string, mode: number, inode: number, content: Buffer): Buffer {
  const bytes = Buffer.from(`${name}\0`);
  // inode, mode, uid, gid, links, mtime, size, device and special device (two each), length of the name, checksum
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, bytes.length, 0];
  const header = Buffer.from(`070701${fields.map((each) => each.toString(16).padStart(8, '0')).join('')}`);
  return Buffer.concat([padded(Buffer.concat([header, bytes])), padded(content)]);
}

/** To a multiple of four bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
