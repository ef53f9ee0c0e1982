import proto from '@temporalio/proto';
import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { integerId, workflowIdOf } from '../../../model/execution-id.ts';
import type { RunKey } from '../../../model/run-key.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createStarterFinder, type StarterFinderDependencies } from '../../../service/rules/starters.ts';
import type { EventRow } from '../../../store/events/events.ts';
import { act, runInput } from '../../interpreter/rehearse.ts';

const N = 7;
const RUN = { workflowId: workflowIdOf(N), runId: 'r' };
const POSTED = { tenant: 'acme', principal: 'bot', onBehalfOf: 'ann', starters: ['first'], execution: null };
const ENDED = { ...POSTED, execution: integerId(N) };

const payloadOf = (value: unknown) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});

/** The first event of a run that some subjects have started; undefined: it does not say who. */
function startedBy(starters: string[] | undefined): HistoryEvent {
  const run = { ...runInput({ tasks: [act('a')] }, N), starters };
  return proto.temporal.api.history.v1.HistoryEvent.fromObject({
    workflowExecutionStartedEventAttributes: { input: { payloads: [payloadOf({}), payloadOf(run)] } },
  });
}

interface World {
  /** The index has the run. */
  indexed?: boolean;
  first?: HistoryEvent | null;
  authentic?: boolean;
}

function finderIn({ indexed = true, first = startedBy(['eve', 'dan']), authentic = true }: World) {
  const asked: [RunKey, string?][] = [];
  const dependencies = {
    store: { find: async (n: number) => (indexed && n === N ? { ...RUN, versionRun: RUN.runId } : null) },
    temporal: {
      firstEvent: async (run: RunKey) => {
        asked.push([run]);
        return first;
      },
    },
    isAuthentic: async (run: RunKey, tenant: string) => {
      asked.push([run, tenant]);
      return authentic;
    },
  } as unknown as StarterFinderDependencies; // no more of a row is read
  return { find: createStarterFinder(dependencies), asked };
}

it.each<[string, object, World, object]>([
  ['an event from outside', POSTED, { authentic: false }, { starters: ['bot', 'ann', 'first', 'writer'] }],
  ['the end of a run', ENDED, {}, { starters: ['bot', 'ann', 'first', 'eve', 'dan', 'writer'] }],
  [
    'the end of a run of an earlier release',
    ENDED,
    { first: startedBy(undefined) },
    { starters: ['bot', 'ann', 'first', 'writer'] },
  ],
  ['the end of a run that was started past the API', ENDED, { authentic: false }, { error: { code: 'not_authentic' } }],
  ['the end of a run that Temporal has no longer', ENDED, { first: null }, { error: { code: 'starters_unknown' } }],
  ['the end of a run that was deleted', ENDED, { indexed: false }, { error: { code: 'starters_unknown' } }],
])('of %s', async (_, event, world, expected) => {
  const { find } = finderIn(world);
  expect(await find(event as EventRow, ['writer'])).toMatchObject(expected);
});

it('are read from the first event of the run that has ended, for its tenant, and of no run for another event', async () => {
  const { find, asked } = finderIn({});
  await find(POSTED as unknown as EventRow, []);
  expect(asked).toEqual([]);
  await find(ENDED as unknown as EventRow, []);
  expect(asked).toEqual([[RUN], [RUN, 'acme']]);
});

it('are not guessed while the run cannot be read', async () => {
  const error = new AppError('temporal_unavailable', 'x');
  const find = createStarterFinder({
    store: { find: () => Promise.reject(error) },
    temporal: { firstEvent: async () => null },
    isAuthentic: async () => true,
  });
  await expect(find(ENDED as unknown as EventRow, [])).rejects.toBe(error);
});
