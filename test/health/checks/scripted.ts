/** A check of the registry with its defaults, beside a scripted charon. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CharonLink } from '../../../health/charon-link.ts';
import type { Judgement } from '../../../health/check.ts';
import { CHECK_TYPES, createChecks, type CheckTypeName } from '../../../health/registry.ts';
import type { LimitSchema } from '../../../health/limits.ts';
import { fieldName, fieldValue } from '../../../sidecar/config/key-spec.ts';
import type { Message } from '../../../health/vici/index.ts';
import { FakeCharon } from '../../fake/charon.ts';
import { firstRecorded, KeptLog, recorded } from '../fixture.ts';

/** Limits as the configuration would hand them on: defaults, and what is said otherwise. */
export function limitsOf(
  type: CheckTypeName,
  own: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const schema: LimitSchema = CHECK_TYPES[type].limits;
  const defaults = Object.entries(schema).map(([key, spec]) => [
    fieldName(key),
    fieldValue(spec.default, key),
  ]);
  return { ...(Object.fromEntries(defaults) as Record<string, unknown>), ...own };
}

export interface Scripted {
  readonly charon: FakeCharon;
  readonly link: CharonLink;
  /** The clock of the check. */
  time: number;
  announced: boolean;
  /** What `stats` and `get-counters` say beside the recording. */
  stats: Message;
  counters: Readonly<Record<string, number>>;
  look(): Promise<Judgement>;
  /** The verdict, or the reason. */
  said(): Promise<string>;
}

export async function scripted(
  type: CheckTypeName,
  own: Readonly<Record<string, unknown>> = {},
): Promise<Scripted> {
  const directory = await mkdtemp(join(tmpdir(), 'swancast-check-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'vici.sock');
  const charon = await FakeCharon.listen(path);
  onTestFinished(() => charon.stop().catch(() => undefined));
  const log = new KeptLog();
  const now = (): number => scene.time;
  const link = new CharonLink({ path, now, log });
  onTestFinished(() => {
    link.close();
  });
  const plan = {
    name: type,
    type,
    intervalMs: 1000,
    fastMs: 1000,
    timeoutMs: 5000,
    dependsOn: [],
    limits: limitsOf(type, own),
  };
  const [check] = createChecks([plan], { link, now, announced: () => scene.announced, log });
  if (check === undefined) throw new Error('no check was made');
  const scene: Scripted = {
    charon,
    link,
    time: 0,
    announced: true,
    stats: {},
    counters: {},
    look: () => check.observe(new AbortController().signal),
    async said() {
      const judgement = await scene.look();
      return judgement.verdict === 'pass' ? 'pass' : judgement.reason;
    },
  };
  charon
    .on('version', () => firstRecorded('version'))
    .on('stats', () => ({ ...firstRecorded('stats'), ...scene.stats }))
    .on('get-conns', () => firstRecorded('get-conns'))
    .on('get-pools', () => firstRecorded('get-pools'))
    .on('list-certs', () => recorded('list-certs').filter((message) => message['type'] !== undefined))
    .on('list-conns', () => recorded('list-conns').slice(0, 1))
    .on('list-sas', () => [])
    .on('get-counters', () => ({
      counters: {
        '': Object.fromEntries(Object.entries(scene.counters).map(([key, n]) => [key, String(n)])),
      },
      success: 'yes',
    }));
  const unwatch = check.watch?.(
    () => undefined,
    () => undefined,
  );
  onTestFinished(() => unwatch?.());
  link.start();
  await charon.until(() => [...charon.clients].some(({ registered }) => registered.has('ike-update')));
  return scene;
}
