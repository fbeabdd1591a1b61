/** Variables of the environment that look as if they should override a key, and do not. Pure. */
import { nearest } from './nearest.ts';
import { join } from './problem.ts';
import { SCHEMA } from './schema.ts';
import { isVariable, variableName } from './section.ts';
import type { MapSpec } from './key-spec.ts';

const PREFIX = variableName('');
/** What Kubernetes puts into every container beside a Service called swancast or swancast-…: nobody misspelt it. */
const OF_A_SERVICE = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/u;
const ADDRESS_OF_A_SERVICE = /^(?:tcp|udp|sctp):\/\//u;

/** Every path that a variable can override: all but what stands in lists. */
function overridable({ keys, sections = {} }: MapSpec, path: string): string[] {
  const own = Object.entries(keys).flatMap(([key, spec]) => (isVariable(spec) ? [join(path, key)] : []));
  const inner = Object.entries(sections).flatMap(([key, spec]) => overridable(spec, join(path, key)));
  return [...own, ...inner];
}

/** Our variables that mean nothing: a misspelt one would be obeyed by nobody, and nobody would know. */
export function strangers(
  env: Readonly<Record<string, string | undefined>>,
): { readonly key: string; readonly message: string }[] {
  const isService = (name: string): boolean =>
    OF_A_SERVICE.test(name) || ADDRESS_OF_A_SERVICE.test(env[name] ?? '');
  const ours = Object.keys(env).filter(
    (name) => name.startsWith(PREFIX) && env[name] !== undefined && !isService(name),
  );
  if (ours.length === 0) return [];
  const known = overridable(SCHEMA, '').map(variableName);
  const words = known.map((name) => name.slice(PREFIX.length).toLowerCase());
  return ours
    .filter((name) => !known.includes(name))
    .map((name) => {
      const guess = nearest(name.slice(PREFIX.length), words);
      const wayOut =
        guess === undefined
          ? 'only keys outside of lists can be; unset it'
          : `did you mean ${PREFIX}${guess.toUpperCase()}?`;
      return { key: name, message: `is no key that the environment can override; ${wayOut}` };
    });
}
