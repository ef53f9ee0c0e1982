import { expect, it } from 'vitest';
import type { Principal } from '../../../../model/principal.ts';
import { createEventMatches } from '../../../../service/events/reads/event-matches.ts';
import type { RuleTest } from '../../../../service/rules/rule-trials.ts';
import type { EventRow } from '../../../../store/events/events.ts';
import { sampleContent } from '../../../language/rules/sample-rules.ts';

const READER = { tenant: 'acme', permissions: ['workflow:read'], roles: [] as string[] } as Principal;
const EVENT = { id: 7, type: 't', state: 'planned', erased: null, received: new Date(0), time: null } as EventRow;

it.each([
  ['all rules of a page where they are quick', 10, [[1, 2, 3, 4], null]],
  ['as many as a quarter of a second allows', 100, [[1, 2, 3], 3]],
  ['one rule at least', 1_000, [[1], 1]],
])('an event is explained by %s', async (_, milliseconds, expected) => {
  let now = 0;
  const all = [1, 2, 3, 4].map((id) => ({ id, ref: `p.r${id}`, revision: 1, enabled: true, content: sampleContent() }));
  const matches = createEventMatches({
    events: { find: async () => EVENT },
    enforcements: { list: async () => [] },
    rules: { list: async (_tenant, _types, { after, limit }) => all.filter(({ id }) => id > after).slice(0, limit) },
    trials: {
      apply: async () => {
        now += milliseconds;
        return { matched: false } as RuleTest;
      },
    },
    clock: () => now,
  });
  const first = await matches.list(READER, 7, { after: 0, limit: 4 });
  expect([first.matches.map(({ rule }) => rule), first.next]).toEqual(expected);
  const rest = await matches.list(READER, 7, { after: first.next ?? 4, limit: 1 });
  expect(rest.matches.map(({ rule }) => rule)).toEqual(
    all.map(({ id }) => id).slice(first.matches.length, first.matches.length + 1),
  );
});
