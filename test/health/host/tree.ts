/** Small trees of files in place of /proc, /sys and /, made and taken away by the tests that need them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class Tree {
  readonly path = mkdtempSync(join(tmpdir(), 'swancast-tree-'));

  write(files: Readonly<Record<string, string | number>>): this {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${String(content)}\n`);
    }
    return this;
  }

  remove(name = ''): void {
    rmSync(join(this.path, name), { recursive: true, force: true });
  }
}
