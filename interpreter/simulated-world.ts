import { type ClosingDetails, NEVER_RETRIED } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { parseTaskKey } from '../model/task-key.ts';
import type { Command, Fault, RunEvent } from './events.ts';

/** How one attempt of a task ends; a `fault` is one that only Temporal can cause. */
export type MockOutcome =
  | { output: Json }
  | { error: { type: string; message?: string | undefined } }
  | { running: true }
  | { fault: Fault };

/**
 * Outcomes by task. Each attempt takes the next one of a list, over all visits; beyond its end, and for a task without outcomes, the output
 * is null.
 */
export type MockOutcomes = Readonly<Record<string, MockOutcome | readonly MockOutcome[]>>;

/**
 * Outcomes of items, by task: one outcome for each item, or a list of such lists, one for each visit. Items without one here end by the
 * outcomes of their task.
 */
export type MockItems = Readonly<Record<string, readonly MockOutcome[] | readonly (readonly MockOutcome[])[]>>;

/** Creates the stand-in for Temporal, which gives each activity its outcome and keeps the timers. */
export function createSimulatedWorld(outcomes: MockOutcomes, items: MockItems) {
  const used = new Map<string, number>();
  const timers = new Map<string, { due: number; shielded: boolean }>();
  const running = new Map<string, { shielded: boolean }>();
  let answers: RunEvent[] = [];
  let slices: RunEvent[] = [];

  const nextOutcome = (key: string): MockOutcome =>
    plannedOutcome(outcomes, items, key, (name) => {
      const count = used.get(name) ?? 0;
      used.set(name, count + 1);
      return count;
    });

  const perform = (command: Extract<Command, { type: 'activity' | 'child' }>): void => {
    const { key, shielded } = command;
    const count = command.type === 'activity' ? command.retry.count : 0;
    // Only Fermata's own workers report the attempt.
    const own = command.type === 'activity' && command.spec.task_queue === undefined;
    for (let attempt = 1; ; attempt += 1) {
      const told = own ? { attempt } : {};
      const outcome = nextOutcome(key);
      if ('running' in outcome) running.set(key, { shielded });
      else if ('error' in outcome && attempt <= count && isRetried(outcome.error.type)) continue;
      else answers.push(answerOf(command, outcome, told));
      return;
    }
  };

  const cancelWork = (): void => {
    for (const [key, { shielded }] of timers) if (!shielded) timers.delete(key);
    for (const [key, { shielded }] of running) {
      if (shielded) continue;
      running.delete(key);
      answers.push({ type: 'failed', key, fault: { kind: 'cancelled' } });
    }
  };

  const take = (command: Command, now: number): void => {
    switch (command.type) {
      case 'activity':
      case 'child':
        perform(command);
        return;
      case 'timer':
        timers.set(command.key, { due: now + command.milliseconds, shielded: command.shielded });
        return;
      case 'yield':
        slices.push({ type: 'completed', key: command.key, output: null });
        return;
      case 'cancel_timer':
        timers.delete(command.key);
        return;
      case 'cancel_work':
        cancelWork();
        return;
      case 'continue':
        timers.clear();
    }
  };

  return {
    nextOutcome,

    perform(commands: readonly Command[], now: number): void {
      for (const command of commands) take(command, now);
    },

    /**
     * Returns the next events: those that a slice has left, alone; else everything that ends now; else the timers that are due first. No
     * events: nothing will happen.
     */
    next(): { events: RunEvent[]; time: number; sliced: boolean } {
      if (slices.length > 0) {
        const events = slices;
        slices = [];
        return { events, time: 0, sliced: true };
      }
      if (answers.length > 0) {
        const events = answers;
        answers = [];
        return { events, time: 0, sliced: false };
      }
      const time = Math.min(...[...timers.values()].map(({ due }) => due));
      const fired = [...timers].filter(([, { due }]) => due === time).map(([key]) => key);
      for (const key of fired) timers.delete(key);
      const events = fired.map((key): RunEvent => ({ type: 'fired', key }));
      return { events, time: Number.isFinite(time) ? time : 0, sliced: false };
    },
  };
}

function isRetried(type: string): boolean {
  return !NEVER_RETRIED.some((never) => never === type);
}

/** Returns the event with which an activity or a sub-workflow ends; `told` is the attempt that its worker reports. */
function answerOf(
  { type: command, key }: Pick<Extract<Command, { type: 'activity' | 'child' }>, 'type' | 'key'>,
  outcome: Exclude<MockOutcome, { running: true }>,
  told: { attempt?: number },
): RunEvent {
  if ('output' in outcome) return { type: 'completed', key, output: outcome.output, ...told };
  if ('fault' in outcome) return { type: 'failed', key, fault: outcome.fault };
  const { type, message = '' } = outcome.error;
  const closing: ClosingDetails = { outcome: 'failed', failure: { type, message } };
  const details = command === 'child' ? [closing as unknown as Json] : [null, told];
  return { type: 'failed', key, fault: { kind: 'application', type, message, details } };
}

/**
 * Returns the planned outcome of a try, by its key. `nth` returns how many outcomes of a task were used before; it is called only when
 * one of them is used.
 */
export function plannedOutcome(
  outcomes: MockOutcomes,
  items: MockItems,
  key: string,
  nth: (name: string) => number,
): MockOutcome {
  const { name, visit, item } = parseTaskKey(key);
  const lists = item !== null && Object.hasOwn(items, name) ? items[name]! : [];
  const ofVisit = Array.isArray(lists[0]) ? lists[visit - 1] : lists;
  const ofItem = (ofVisit as readonly MockOutcome[] | undefined)?.[item ?? 0];
  if (ofItem !== undefined) return ofItem;
  const count = nth(name);
  const planned = Object.hasOwn(outcomes, name) ? outcomes[name]! : { output: null };
  return isList(planned) ? (planned[count] ?? { output: null }) : planned;
}

function isList(planned: MockOutcome | readonly MockOutcome[]): planned is readonly MockOutcome[] {
  return Array.isArray(planned);
}
