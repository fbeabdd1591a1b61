/**
 * Completions for bash, zsh and fish from the command line as commander knows it: what `--help` shows, and nothing
 * that would have to be asked of a daemon.
 *
 *     node deploy/completions.ts bash|zsh|fish
 */
import { bashCompletion } from './completions-bash.ts';
import { fishCompletion } from './completions-fish.ts';
import { zshCompletion } from './completions-zsh.ts';
import { completionTree } from './completion-tree.ts';

/** Where Debian's shells look for them, below the root of the host. */
export function completions(): { readonly path: string; readonly contents: string }[] {
  const tree = completionTree();
  return [
    { path: 'usr/share/bash-completion/completions/swancast', contents: bashCompletion(tree) },
    { path: 'usr/share/zsh/vendor-completions/_swancast', contents: zshCompletion(tree) },
    { path: 'usr/share/fish/vendor_completions.d/swancast.fish', contents: fishCompletion(tree) },
  ];
}

if (import.meta.main) {
  const found = completions().find(({ path }) => path.includes(`/${process.argv[2] ?? 'bash'}`));
  if (found === undefined) throw new Error('bash, zsh or fish expected');
  process.stdout.write(found.contents);
}
