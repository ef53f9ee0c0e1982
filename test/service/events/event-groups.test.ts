import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { DatabaseError } from '../../../model/database-error.ts';
import { createEventGroups } from '../../../service/events/event-groups.ts';
import { workFor, workOwner } from '../../../service/starts/work-owner.ts';
import type { EventEntry } from '../../../store/events/events.ts';

const MIB = 1024 * 1024;

const entry = (tenant: string, event_id: string, payload_bytes = 2) =>
  ({ tenant, event_id, payload_bytes }) as unknown as EventEntry;

/** Records with a store that notes its calls as `<owner>: <events>`, and has those fail for which `fail` returns an error. */
function useGroups(fail: (owner: string, ids: string[]) => Error | null = () => null) {
  const calls: string[] = [];
  const groups = createEventGroups({
    record: async (entries) => {
      const [owner, ids] = [workOwner(), entries.map(({ event_id }) => event_id)];
      calls.push(`${owner}: ${ids.join(' ')}`);
      const error = fail(owner, ids);
      if (error !== null) throw error;
      return entries.map((_, at) => ({ id: at, duplicate: false }));
    },
  });
  const post = (...entries: EventEntry[]) => workFor(entries[0]!.tenant, () => groups.record(entries));
  return { calls, post };
}

it('requests of all tenants share a statement, which counts against the share of none of them', async () => {
  const { calls, post } = useGroups();
  await Promise.all([post(entry('a', 'a1')), post(entry('b', 'b1'), entry('b', 'b2'))]);
  expect(calls).toEqual(['events: a1 b1 b2']);
});

it('a statement has no further request once its payloads have 4 MiB', async () => {
  const { calls, post } = useGroups();
  const sizes = [MIB, MIB, MIB, MIB - 1, 1, MIB, MIB];
  await Promise.all(sizes.map((size, at) => post(entry('a', `e${at}`, size))));
  expect(calls).toEqual(['events: e0 e1 e2 e3 e4', 'events: e5 e6']);
});

const BUSY = new AppError('busy', 'no connection is free');
const CUT_OFF = new DatabaseError('events.record', '57014');

it.each([
  ['has no connection', BUSY],
  ['takes too long', CUT_OFF],
])('when a shared statement %s, each request is recorded alone under its tenant', async (_, error) => {
  const { calls, post } = useGroups((owner) => (owner === 'events' || owner === 'full' ? error : null));
  const answers = await Promise.allSettled([
    post(entry('full', 'f1')),
    post(entry('a', 'a1')),
    post(entry('full', 'f2')),
    post(entry('a', 'a2')),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
  // The rest of a tenant that met the outage does not meet it again.
  expect(calls.toSorted()).toEqual(['a: a1', 'a: a2', 'events: f1 a1 f2 a2', 'full: f1']);
});

it('a request that the database refuses has no other refused, and none is tried alone without a database', async () => {
  const refused = useGroups((_, ids) => (ids.includes('bad') ? new DatabaseError('events.record', '23514') : null));
  const answers = await Promise.allSettled([refused.post(entry('a', 'bad')), refused.post(entry('a', 'good'))]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);

  const gone = useGroups(() => new DatabaseError('events.record', 'ECONNREFUSED'));
  const both = await Promise.allSettled([gone.post(entry('a', 'a1')), gone.post(entry('b', 'b1'))]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(gone.calls).toEqual(['events: a1 b1']);
});
