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

export const withConfig = (command: Command): Command =>
  command.option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG);

export const withJson = (command: Command): Command => command.option('--json', 'print JSON');

export const withSocket = (command: Command): Command =>
  withJson(command)
    .option('-s, --socket <path>', 'control socket of the daemon (default: the one of the configuration)')
    .option('-c, --config <file>', `configuration file that names the socket (default: ${DEFAULT_CONFIG})`);
