/** What the drop-in for strongSwan's unit has swancast do. Pure. */

export interface DropInCommands {
  /** Arguments of swancast before strongSwan stops, and when it has started. */
  readonly stop: readonly string[];
  readonly started: readonly string[];
}

/** @throws RangeError when it has no such command */
export function dropInCommands(text: string): DropInCommands {
  return { stop: argumentsOf(text, 'ExecStop'), started: argumentsOf(text, 'ExecStartPost') };
}

function argumentsOf(text: string, key: string): string[] {
  const command = new RegExp(`^${key}=-?(?:/bin/sh -c '.*)?/usr/bin/swancast (.*?)'?$`, 'mu').exec(text)?.[1];
  if (command === undefined) throw new RangeError(`the drop-in has no ${key} that runs swancast`);
  return [...command.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
