/** The answer of another gateway, judged. Pure. */
import type { Asked } from './ask-problem.ts';
import type { Heard } from './view.ts';
import { parseWord } from './word.ts';

/** `own`: our name. */
export function judgeAnswer(body: Buffer, asked: Asked, own: string): Heard {
  const { name, url } = asked;
  let raw: unknown;
  try {
    raw = JSON.parse(body.toString('utf8'));
  } catch {
    return { problem: `${url} did not answer with JSON; correct the url, this is no swancast` };
  }
  const word = parseWord(raw);
  if (typeof word === 'string') {
    return {
      problem: `${url} did not answer with the word of a gateway (${word}); is it a swancast of another version?`,
    };
  }
  if (word.gateway === name) return { word };
  const who = word.gateway === own ? `"${own}", which is us` : `"${word.gateway}"`;
  return {
    problem: `${url} is configured as "${name}" and says that it is ${who}; correct fleet.gateways here, or gateway.name there`,
  };
}
