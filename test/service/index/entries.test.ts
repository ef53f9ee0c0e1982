import { expect, it } from 'vitest';
import type { Wait } from '../../../model/execution.ts';
import { projectExecution } from '../../../projection/project.ts';
import { buildEntry, closedEntry } from '../../../service/index/entries.ts';
import { maskExecution } from '../../../service/projections/masks.ts';
import { readEvents } from '../../fixtures/recorded.ts';

/** The history of a run of which a task has failed, and others have not ended. */
const FAILING = readEvents(
  'v10/what-one-visit-leads-to-starts-together-although-one-of-it-fails-the-run-at-once.binpb',
).slice(0, 15);

it('a run that was terminated after it had failed is in one group of errors, whoever writes its entry', () => {
  const { eventId = null, eventTime = null } = FAILING.at(-1)!;
  const last = { eventId, eventTime, workflowExecutionTerminatedEventAttributes: { reason: 'enough' } };
  const opening = FAILING[0]!.workflowExecutionStartedEventAttributes!;
  const read = buildEntry('default', maskExecution(projectExecution('wf_1', [...FAILING, last])).execution, 'r');
  const known = closedEntry('default', { type: opening.workflowType, memo: opening.memo } as never, last);
  expect([read.error, known.error]).toEqual(['enough; "bad" had failed: no', 'enough']);
  expect(read.fingerprint).toMatch(/^[\da-f]{16}$/);
  expect([read.fingerprint, read.errorTask]).toEqual([known.fingerprint, known.errorTask]);
});

it('a run that waits for people does so also while one of its tasks is paused in Temporal', () => {
  const waitingFor: Wait[] = [
    { kind: 'pause', task: 'other', since: null, until: null, detail: 'paused in Temporal' },
    { kind: 'inquiry', task: 'ask', since: null, until: null, detail: null },
  ];
  const execution = { ...projectExecution('wf_1', FAILING), status: 'waiting' as const, waitingFor };
  const paused = { ...execution, waitingFor: [...waitingFor, { ...waitingFor[0]!, task: null }] };
  const held = [execution, paused].map((each) => buildEntry('default', maskExecution(each).execution, 'r').waiting);
  expect(held).toEqual(['inquiry', 'pause']);
});
