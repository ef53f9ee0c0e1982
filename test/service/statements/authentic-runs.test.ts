import { describe, expect, it } from 'vitest';
import { startContent } from '../../../interpreter/signatures.ts';
import type { Execution } from '../../../model/execution.ts';
import type { RunInput, RunMemo } from '../../../model/run-input.ts';
import { projectExecution } from '../../../projection/project.ts';
import { createAuthenticator } from '../../../service/starts/warrants.ts';
import type { SigningKeyRow } from '../../../store/access/signing-keys.ts';
import { act, runInput, STARTED } from '../../interpreter/rehearse.ts';
import { KEY, SIGNED, signer } from '../../interpreter/signed.ts';

const RUN: RunInput = { ...runInput({ tasks: [act('a')] }, 7), ...SIGNED };
const { trust: _, ...UNTRUSTING } = RUN;
const MEMO = signer.withWarrant({ input: {}, run: RUN, memo: { tenant: 'acme' } as RunMemo }, STARTED);
const { warrant: __, ...UNSIGNED } = MEMO;

function isAuthentic(run: RunInput | null, memo: RunMemo, more: Partial<Execution>) {
  const rows = [{ kid: KEY.kid, x: KEY.x, revoked: null }] as SigningKeyRow[];
  const authenticate = createAuthenticator({ store: { list: async () => rows }, clock: () => STARTED });
  return authenticate({
    run,
    memo,
    startContent: startContent({}, JSON.parse(JSON.stringify(run))),
    ...more,
  } as Execution);
}

describe('a run', () => {
  it.each<[string, RunInput | null, RunMemo, Partial<Execution>, boolean | null]>([
    ['that the API has started is authentic', RUN, MEMO, {}, true],
    ['is not without a warrant', RUN, UNSIGNED, {}, false],
    ['is not with another input', RUN, MEMO, { startContent: 'other' }, false],
    ['is not when it trusts nobody', UNTRUSTING, UNSIGNED, {}, false],
    ['is not when it trusts nobody, whatever warrant it shows', UNTRUSTING, MEMO, {}, false],
    ['is not when it only says that it is a sub-workflow', { ...RUN, depth: 1 }, UNSIGNED, {}, false],
    [
      'is not when another workflow has started it as a run of its own',
      RUN,
      UNSIGNED,
      { above: { workflowId: 'above', runId: 'r' } },
      false,
    ],
    [
      'cannot be told as a sub-workflow',
      { ...RUN, depth: 1 },
      UNSIGNED,
      { above: { workflowId: 'above', runId: 'r' } },
      null,
    ],
    ['cannot be told of an older interpreter', { ...UNTRUSTING, interpreter: 8 }, UNSIGNED, {}, null],
    ['cannot be told without its beginning', RUN, MEMO, { partial: true }, null],
    ['cannot be told of a foreign workflow', null, MEMO, {}, null],
  ])('%s', async (_, run, memo, more, wanted) => {
    expect(await isAuthentic(run, memo, more)).toBe(wanted);
  });
});

it.each([
  ['that continues another one cannot be told', 'before', null],
  ['that only says so is not authentic', '', false],
])('a run %s', async (_, continuedExecutionRunId, wanted) => {
  const payload = (value: unknown) => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(value)),
  });
  const middle = { started: STARTED, waits: [], waiters: [] };
  const run = { ...RUN, carried: { middle } };
  const started = { input: { payloads: [payload({}), payload(run)] }, memo: { fields: { fermata: payload(MEMO) } } };
  const event = {
    eventId: 1 as never,
    workflowExecutionStartedEventAttributes: { ...started, continuedExecutionRunId, workflowType: { name: 'a' } },
  };
  const { partial } = projectExecution('wf_1', [event]);
  expect(await isAuthentic(run as never, MEMO, partial === undefined ? {} : { partial })).toBe(wanted);
});
