import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Execution } from '../../../model/execution.ts';
import { createProjection, projectExecution } from '../../../projection/project.ts';
import { INQUIRY_SCRIPTS, question, wordOf } from '../../interpreter/inquiry-scripts.ts';
import { draws } from '../../seed.ts';
import { closed, createHarness, followUntil, type Harness } from '../support/harness.ts';
import { settleAll } from '../support/settle-all.ts';
import { decide, hasAsked, playScript } from './inquiry-play.ts';

// Decisions by people on a real server: hardly any workflow stays in the first worker's cache, and the second worker is
// killed over and over.

const RACES = draws(30);

const harnesses: Harness[] = [];
beforeAll(async () => {
  const address = inject('temporalAddress');
  harnesses.push(await createHarness(address, { maxCachedWorkflows: 2 }));
  harnesses.push(await createHarness(address, { maxCachedWorkflows: 0, restartEvery: 3_000 }));
});
afterAll(async () => {
  for (const harness of harnesses) await harness.close();
});

/** A history projects without divergence after each of its events that is no command, as it grows, and then as it does at once. */
async function expectProjected(harness: Harness, id: string): Promise<Execution> {
  const history = await harness.history(id);
  const growing = createProjection(id);
  for (const [index, event] of history.entries()) {
    growing.take(event);
    const next = history[index + 1];
    const command = next?.timerStartedEventAttributes ?? next?.timerCanceledEventAttributes;
    if (command || next?.activityTaskScheduledEventAttributes) continue;
    const inTask = next?.workflowExecutionCompletedEventAttributes ?? next?.workflowExecutionFailedEventAttributes;
    if (inTask || next?.workflowExecutionCanceledEventAttributes) continue;
    const { projection, divergence } = growing.execution();
    expect([projection, divergence], `${id}, up to event ${event.eventId}`).toEqual(['complete', null]);
  }
  const execution = projectExecution(id, history);
  expect(growing.execution(), id).toEqual(execution);
  return execution;
}

/** A list that begins at another of its entries: whoever is sent first mostly wins, and each has to. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

describe('an inquiry on a server', () => {
  it('does what the interpreter alone says, with hardly any cache and with workers restarted while it is open', async () => {
    await settleAll(
      INQUIRY_SCRIPTS.map(async (row, index) => {
        const harness = harnesses[index % 2]!;
        const execution = await expectProjected(harness, await playScript(harness, row));
        const { outcome, output, failure, inquiries, verdicts } = row.expect;
        const found = Object.fromEntries(execution.inquiries.map(({ key, status }) => [key, status]));
        expect([execution.status, found], row.name).toEqual([outcome, inquiries]);
        const words = execution.inquiries
          .flatMap(({ decisions }) => decisions)
          .sort((a, b) => (Number(a.decision.id.split('-')[1]) || 0) - (Number(b.decision.id.split('-')[1]) || 0))
          .map(({ verdict }) => wordOf(verdict));
        // A decision about an unknown inquiry is listed with none.
        expect(words.sort(), row.name).toEqual(verdicts.filter((word) => word !== 'unknown').sort());
        if (output !== undefined) expect(execution.output, row.name).toEqual(output);
        if (failure !== undefined) expect(execution.failure, row.name).toMatchObject(failure);
      }),
    );
  });

  it('has one winner of every race, and a verdict for every loser: people, its time and a cancel, hundreds of times', async () => {
    const BATCH = 30;
    const counts: Record<string, number> = {};
    // On a fast machine all races are over before the worker was killed often enough: then there are more.
    const isEnough = (at: number) => at >= RACES && (harnesses[1]!.restarts() > 2 || at >= 20 * RACES);
    for (let at = 0; !isEnough(at); at += BATCH) {
      await settleAll(
        Array.from({ length: BATCH }, async (_, offset) => {
          const number = at + offset;
          const harness = harnesses[number % 2]!;
          const timeout = number % 3 === 0 ? 0.25 : 3600;
          const id = await harness.start({
            tasks: [
              question('ask', { timeout, quorum: 1 + (number % 2) }, { on_success: 'yes', on_failure: 'no' }),
              { name: 'yes', action: 'core.noop' },
              { name: 'no', action: 'core.noop' },
            ],
          });
          // Nobody can decide what has not been asked.
          await followUntil(harness, id, hasAsked('ask'));
          const handle = harness.client.workflow.getHandle(id);
          const everybody = [
            ...rotated(['ann', 'bob', 'cid'], Math.floor(number / 2)).map((by) =>
              decide(harness, id, { by, option: by === 'cid' ? 'deny' : 'approve' }),
            ),
            ...(number % 5 === 0 ? [handle.cancel()] : []),
          ];
          await Promise.all(everybody.map((each) => each.catch(() => undefined)));
          await closed(harness, id);
          const execution = await expectProjected(harness, id);
          const inquiry = execution.inquiries[0]!;
          const words = inquiry.decisions.map(({ verdict }) => wordOf(verdict));
          const decided = words.filter((word) => word === 'decided').length;
          expect(decided, id).toBe(['approved', 'denied'].includes(inquiry.status) ? 1 : 0);
          expect(inquiry.status, id).not.toBe('pending');
          for (const word of [...words, inquiry.status]) counts[word] = (counts[word] ?? 0) + 1;
        }),
      );
    }
    console.log('races:', JSON.stringify(counts));
    expect(counts.approved).toBeGreaterThan(RACES / 15);
    expect(counts.denied).toBeGreaterThan(RACES / 15);
    expect(harnesses[1]!.restarts()).toBeGreaterThan(2);
  }, 3_600_000);
});
