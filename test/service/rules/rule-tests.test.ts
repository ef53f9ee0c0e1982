import { expect, it } from 'vitest';
import type { TemplateEvent } from '../../../model/events/event.ts';
import type { Principal } from '../../../model/principal.ts';
import { createRuleTestService, type RuleTestDependencies } from '../../../service/rules/rule-tests.ts';
import { sampleContent } from '../../language/rules/sample-rules.ts';

const ANN = { subject: 'ann', roles: ['admin'], permissions: [] } as unknown as Principal;
const CONTENT = sampleContent({ when: 'event.payload.n == 1' });
const MIB = 1024 * 1024;

/** Events, how large each is, and the milliseconds that its condition and reading a page take. */
interface Scene {
  events?: number;
  bytes?: number;
  work?: number;
  reading?: number;
  /** Whether the events match no rule, so that pages are empty. */
  isErased?: boolean;
}

/** Tests a rule on the newest 100 of some events. */
async function testRecent({ events = 200, bytes = 10, work = 0, reading = 0, isErased = false }: Scene) {
  let now = 0;
  const event = (id: number) =>
    ({
      id,
      type: CONTENT.type,
      payload_bytes: bytes,
      payload: {
        get n() {
          now += work;
          return 1;
        },
      },
    }) as unknown as TemplateEvent;
  const dependencies = {
    rules: { get: async () => ({ id: 1, revision: 1, content: CONTENT }) },
    events: {
      page: async (_: Principal, __: string, { limit, before = events + 1 }: { limit: number; before?: number }) => {
        now += reading;
        const ids = Array.from({ length: Math.min(limit, before - 1) }, (_, at) => before - 1 - at);
        const last = ids.at(-1) ?? 1;
        return { events: isErased ? [] : ids.map(event), next: last === 1 ? null : last };
      },
    },
    clock: () => now,
  } as unknown as RuleTestDependencies;
  const result = await createRuleTestService(dependencies).testStored(ANN, 'p.r', { recent: 100 });
  return 'considered' in result ? [result.considered, result.limited_by, 'matched' in result && result.matched] : [];
}

const newest = (events: number, count: number) => Array.from({ length: count }, (_, at) => events - at);

it.each<[string, Scene, number, 'size' | 'time' | null]>([
  ['as many as were asked for', {}, 100, null],
  ['all that there are', { events: 30 }, 30, null],
  ['all that were asked for, though the last one reaches a limit', { bytes: (32 * MIB) / 100 }, 100, null],
  ['those whose payloads have 32 MiB', { bytes: MIB }, 32, 'size'],
  ['those whose conditions take a second', { work: 300 }, 4, 'time'],
  ['those that are read within ten seconds', { reading: 3_000 }, 60, 'time'],
  [
    'none where those that match no rule take longer to read',
    { events: 10_000, reading: 1_000, isErased: true },
    0,
    'time',
  ],
])('a test of recent events tests %s', async (_, scene, considered, limit) => {
  expect(await testRecent(scene)).toEqual([considered, limit, newest(scene.events ?? 200, considered)]);
});
