/** The options that several commands share. */
import type { Command } from 'commander';

export const DEFAULT_CONFIG = '/etc/swancast/swancast.yaml';
export const DEFAULT_CANARY_CONFIG = '/etc/swancast/canary.yaml';

export interface ConfigOption {
  readonly config: string;
}

export interface JsonOption {
  readonly json?: boolean;
}

export interface SocketOptions extends JsonOption {
  readonly socket?: string;
  readonly config?: string;
}

/** For a command that reads one file, and takes no operand: everybody writes the file as one at first. */
export const withFile = (command: Command, description: string, file: string): Command =>
  command
    .option('-c, --config <file>', description, file)
    .allowExcessArguments()
    .hook('preAction', ({ args: [first] }) => {
      if (first !== undefined) command.error(`error: the file goes behind -c: write -c ${first}`);
    });

export const withConfig = (command: Command): Command =>
  withFile(command, 'configuration file', DEFAULT_CONFIG);

export const withJson = (command: Command): Command => command.option('--json', 'print JSON');

export const withSocket = (command: Command): Command =>
  withJson(command)
    .option('-s, --socket <path>', 'control socket of the daemon (default: the one of the configuration)')
    .option('-c, --config <file>', `configuration file that names the socket (default: ${DEFAULT_CONFIG})`);
