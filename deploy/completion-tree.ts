/** The command line as commander knows it, cut down to what shells complete. */
import type { Command, Option } from 'commander';
import { buildProgram } from '../sidecar/cli/program.ts';
import { ReasonArgument } from '../sidecar/cli/reason.ts';

/** What comes as a value: a path, one of a few words, or anything. */
export type Values = 'file' | 'any' | readonly string[];

export interface OptionWords {
  /** "-c", "--config": one or both. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: it takes no value. */
  readonly values: Values | undefined;
}

export interface CommandWords {
  /** "swancast config check" */
  readonly path: string;
  /** The commands below, by their last word. */
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionWords[];
  /** In their order. */
  readonly operands: readonly { readonly name: string; readonly values: Values }[];
}

/** Every command, the program itself first. */
export function completionTree(): CommandWords[] {
  const silent = { out: (): void => undefined, err: (): void => undefined };
  return wordsOf(
    buildProgram({ output: silent, env: {} }, () => undefined),
    '',
  );
}

const HELP: OptionWords = { names: ['-h', '--help'], description: 'show help', values: undefined };

function wordsOf(command: Command, above: string): CommandWords[] {
  const path = `${above}${command.name()}`;
  const own = {
    path,
    commands: command.commands.map((each) => ({ name: each.name(), description: brief(each.description()) })),
    options: [...command.options.map(optionWords), HELP],
    operands: command.registeredArguments.map((each) => ({
      name: each.name(),
      values: each instanceof ReasonArgument ? each.words : (each.argChoices ?? ('any' as const)),
    })),
  };
  return [own, ...command.commands.flatMap((each) => wordsOf(each, `${path} `))];
}

/** What fits beside a word: the first clause, and no more than a line. */
function brief(text: string): string {
  const [clause = ''] = text.split(/; | \(default: /u);
  return clause.length <= LINE ? clause : `${clause.slice(0, clause.lastIndexOf(' ', LINE))} …`;
}

const LINE = 72;

const optionWords = ({ short, long, flags, description, argChoices }: Option): OptionWords => ({
  names: [short, long].filter((name) => name !== undefined && name !== null),
  description: brief(description),
  values: /<(file|path)>/u.test(flags) ? 'file' : flags.includes('<') ? (argChoices ?? 'any') : undefined,
});
