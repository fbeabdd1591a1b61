/** Where a command line is wrong: the help of the very command. */
import type { Command } from 'commander';

/** For `command` and all below it, once they are there. */
export function nameUsage(command: Command, above = ''): void {
  const path = `${above}${command.name()}`;
  command.showHelpAfterError(`(see ${path} --help)`);
  for (const each of command.commands) nameUsage(each, `${path} `);
}
