/** Loaded before anything else in the virtual machine: the project's .ts files have no types in there (strip-types.ts). */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const PROJECT = 'file:///project/';

registerHooks({
  load(url, context, next) {
    if (!url.startsWith(PROJECT) || !url.endsWith('.ts') || url.includes('/node_modules/'))
      return next(url, context);
    return { format: 'module', source: readFileSync(fileURLToPath(url), 'utf8'), shortCircuit: true };
  },
});
