import proto from '@temporalio/proto';
import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { integerId, workflowIdOf } from '../../../model/execution-id.ts';
import type { RunKey } from '../../../model/run-key.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { createStarterFinder, type StarterFinderDependencies } from '../../../service/rules/starters.ts';
import type { EventRow } from '../../../store/events/events.ts';
import type { IndexRow } from '../../../store/executions/execution-rows.ts';
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
  /** The proof that the index has of it. */
  row?: Pick<IndexRow, 'starters' | 'proven'>;
  first?: HistoryEvent | null;
  authentic?: boolean;
}

function finderIn({ indexed = true, first = startedBy(['eve', 'dan']), authentic = true, row }: World) {
  const asked: [RunKey, string?][] = [];
  const kept = { n: N, ...RUN, owner: null, starters: null, proven: null, versionRun: RUN.runId, ...row } as IndexRow;
  const dependencies: StarterFinderDependencies = {
    store: {
      find: async (n) => (indexed && n === N ? kept : null),
      prove: async (tenant, n, proven, starters) => {
        if (tenant === 'acme' && n === N) Object.assign(kept, { proven, starters });
      },
    },
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
  };
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
  [
    'the end of a run that Temporal has no longer, and of which they are known',
    ENDED,
    { first: null, row: { starters: ['eve'], proven: RUN.runId } },
    { starters: ['bot', 'ann', 'first', 'eve', 'writer'] },
  ],
  [
    'the end of a run that took the place of a known one',
    ENDED,
    { authentic: false, row: { starters: ['eve'], proven: 'another run' } },
    { error: { code: 'not_authentic' } },
  ],
  [
    'the end of a run that only its row vouches for',
    ENDED,
    { first: null, row: { starters: ['eve'], proven: null } },
    { error: { code: 'starters_unknown' } },
  ],
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

it('are read once for all rules that the end of a run matches', async () => {
  const { find, asked } = finderIn({});
  const ended = ENDED as unknown as EventRow;
  const found = await Promise.all(['a', 'b', 'c'].map((writer) => find(ended, [writer])));
  await find(ended, []);
  expect(asked).toEqual([[RUN], [RUN, 'acme']]);
  const starters = found.map((each) => ('starters' in each ? each.starters : []));
  expect(starters).toEqual(['a', 'b', 'c'].map((writer) => ['bot', 'ann', 'first', 'eve', 'dan', writer]));
});

it('are not guessed while the run cannot be read', async () => {
  const error = new AppError('temporal_unavailable', 'x');
  let isAway = true;
  const find = createStarterFinder({
    store: {
      find: async () => ({ ...RUN, proven: null, versionRun: RUN.runId }) as IndexRow,
      prove: async () => undefined,
    },
    temporal: { firstEvent: () => (isAway ? Promise.reject(error) : Promise.resolve(startedBy(['eve']))) },
    isAuthentic: async () => true,
  });
  await expect(find(ENDED as unknown as EventRow, [])).rejects.toBe(error);
  isAway = false;
  expect(await find(ENDED as unknown as EventRow, [])).toEqual({ starters: ['bot', 'ann', 'first', 'eve'] });
});
