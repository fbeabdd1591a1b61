import { describe, expect, it } from 'vitest';
import { completionTree } from '../../../deploy/completion-tree.ts';
import { bashCompletion } from '../../../deploy/completions-bash.ts';
import { EXIT } from '../../../sidecar/cli/outcome.ts';
import { REASONS } from '../../../sidecar/reason.ts';
import { swancast } from './command.ts';

describe('swancast explain REASON', () => {
  it.each(Object.entries(REASONS))('says what %s means, without a daemon', async (token, entry) => {
    const { code, out, err } = await swancast('explain', token);
    expect([code, err]).toEqual([EXIT.ok, '']);
    expect(out).toBe(
      `${token} (class ${entry.class})\n\n  why   ${entry.sentence}\n  do    ${entry.wayOut}\n`,
    );
  });

  it('prints the same as JSON', async () => {
    const { class: level, sentence, wayOut } = REASONS['charon-gone'];
    const { code, out } = await swancast('explain', 'charon-gone', '--json');
    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(out)).toEqual({ reason: 'charon-gone', class: level, sentence, way_out: wayOut });
  });

  it.each([
    ['charon-gon', 'charon-gone'],
    ['charon_gone', 'charon-gone'],
    ['CharonGone', 'charon-gone'],
    ['holddown', 'hold-down'],
  ])('%s: names the nearest', async (token, meant) => {
    expect(await swancast('explain', token, '--json')).toEqual({
      code: EXIT.usage,
      out: '',
      err: `error: "${token}" is no reason; did you mean ${meant}?\n`,
    });
  });

  it.each(['xyzzy', 'constructor', '__proto__', ''])('has no idea about %j', async (token) => {
    const { code, out, err } = await swancast('explain', token);
    expect([code, out]).toEqual([EXIT.usage, '']);
    expect(err).toBe(
      `error: "${token}" is no reason; \`swancast explain\` alone names those that are the case here\n`,
    );
  });

  it('is completed with every reason, and helps without listing them', async () => {
    const explain = completionTree().find(({ path }) => path === 'swancast explain');
    expect(explain?.operands).toEqual([{ name: 'reason', values: Object.keys(REASONS) }]);
    expect(bashCompletion(completionTree())).toContain("'swancast explain 0') values='words:");
    const { out } = await swancast('explain', '--help');
    expect(out).toContain('swancast explain [options] [reason]');
    expect(out).not.toContain('flap-hold');
  });
});
