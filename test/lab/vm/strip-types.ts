/**
 * `strip-types.ts DIRECTORY`: takes the types out of all .ts files below, in place; positions in the files stay. In
 * the emulated machine Node would take seconds for that at each start of a program; guest/stripped.ts tells it that
 * it is done.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const [directory = '.'] = process.argv.slice(2);
for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.ts')) continue;
  const file = join(directory, name);
  writeFileSync(file, stripTypeScriptTypes(readFileSync(file, 'utf8')));
}
