import { type Execution, HELD_BACK, type TaskExecution, type Wait } from '../../model/execution.ts';
import type { Failure } from '../../model/failure.ts';
import type { Inquiry } from '../../model/inquiry.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { type Mask, SHOWS_ALL } from '../../model/mask.ts';
import { createHider, type Hider, MASKED, type SearchBudget } from './hiding/hider.ts';
import { replaceAt } from './hiding/write-only.ts';

// Parameters marked `writeOnly` show as `***` in every answer.

/** The most characters that are searched in one answer, counted once for each hidden text; every text beyond them is hidden whole. */
const MAX_SEARCHED = 50_000_000;

/** The same in each value of a stream, so that the event loop is not held for long (50 ms). */
const MAX_SEARCHED_AT_ONCE = 20_000_000;

declare const masked: unique symbol;

/**
 * An execution whose write-only values are hidden. Answers, lists, the index and the inbox accept no other one, and only
 * `maskExecution` and `fromMaskedData` make it.
 */
export type MaskedExecution = Execution & { readonly [masked]: true };

/** Marks an execution as masked that was made from masked data alone, such as a row of the index. */
export function fromMaskedData(execution: Execution): MaskedExecution {
  return execution as MaskedExecution; // the brand exists in the type only
}

/** Returns the values that an input has at some paths. */
export function hiddenIn(input: Json, paths: readonly (readonly string[])[]): Json[] {
  const values: Json[] = [];
  replaceAt(input, paths, (value) => {
    values.push(value);
    return MASKED;
  });
  return values;
}

/** An execution that may be shown. */
export interface Masking {
  execution: MaskedExecution;
  /** Hides in other data what is hidden in the execution. */
  mask: Mask;
  /** The values that are hidden. */
  hidden: readonly Json[];
}

/**
 * Hides the write-only parameters of an execution, and `others`, values that other runs and tasks hide, wherever they appear in it.
 */
export function maskExecution(execution: Execution, others: readonly Json[] = []): Masking {
  const { run, input, tasks } = execution;
  const own = run?.write_only ?? [];
  const values: Json[] = [...others];
  const noted = (value: Json) => {
    values.push(value);
    return MASKED;
  };
  const shownInput = replaceAt(input, own, noted);
  const shownTasks = tasks.map((task) => ({ ...task, input: replaceAt(task.input, pathsOf(run, task), noted) }));
  const shownInquiries = execution.inquiries.map((inquiry) => ({
    ...inquiry,
    plan: inquiry.plan.map((task) => {
      return task.rendered ? { ...task, input: replaceAt(task.input, pathsOf(run, task), noted) } : task;
    }),
  }));
  if (values.length === 0) return { execution: fromMaskedData(execution), mask: SHOWS_ALL, hidden: [] };
  const hider = createHider();
  hider.add(values);
  const mask = maskOf(hider, { left: MAX_SEARCHED });
  const { hide } = mask;
  const failure = <T extends Failure | null>(of: T): T => maskFailure(of, mask);
  const { stopMessage } = execution;
  const fields: Required<Omit<Execution, UnmaskedField | 'stopMessage'>> & Pick<Execution, 'stopMessage'> = {
    ...(stopMessage === undefined ? {} : { stopMessage: mask.hideInMessage(stopMessage) }),
    memo: maskReason(execution.memo, mask),
    input: hide(shownInput),
    output: hide(execution.output),
    failure: failure(execution.failure),
    also: execution.also.map(failure),
    pendingFailure: failure(execution.pendingFailure),
    divergence: execution.divergence === null ? null : mask.hideInMessage(execution.divergence),
    variables: hide(execution.variables) as JsonObject,
    waitingFor: execution.waitingFor.map((wait) => ({ ...wait, detail: maskDetail(wait, mask) })),
    signals: execution.signals.map(({ name, payload }) => ({ name, payload: hide(payload) })),
    inquiries: shownInquiries.map((inquiry) => maskInquiry(inquiry, mask)),
    controls: hide(execution.controls as unknown as Json) as unknown as Execution['controls'], // so is this
    tasks: shownTasks.map((task) => hideInTask(task, mask)),
  };
  return { execution: fromMaskedData({ ...execution, ...fields }), mask: maskOf(hider), hidden: values };
}

/** Hides the write-only parameters of a run in one of its task executions, with a mask of the run. */
export function maskTask(task: TaskExecution, run: Execution['run'], mask: Mask): TaskExecution {
  return hideInTask({ ...task, input: hideParameters(task, run) }, mask);
}

/** Hides the write-only parameters of a run in the input of a task, with a mask of the run. */
export function maskTaskInput(task: Pick<TaskExecution, 'action' | 'input'>, run: Execution['run'], mask: Mask): Json {
  return mask.hide(hideParameters(task, run));
}

function hideParameters(task: Pick<TaskExecution, 'action' | 'input'>, run: Execution['run']): Json {
  return replaceAt(task.input, pathsOf(run, task), () => MASKED);
}

/** Creates a mask that hides values, within all that is shown with it. */
export function createMask(values: readonly Json[]): Mask {
  if (values.length === 0) return SHOWS_ALL;
  const hider = createHider();
  hider.add(values);
  return maskOf(hider, { left: MAX_SEARCHED });
}

/** A mask that hides more values as they become known. */
export interface GrowingMask extends Mask {
  add(values: readonly Json[]): void;
}

/** Creates a mask that hides nothing yet, in data of which each value may be searched as long as a line of a log. */
export function createGrowingMask(): GrowingMask {
  const hider = createHider();
  const { hide, hideInMessage } = maskOf(hider, null, MAX_SEARCHED_AT_ONCE);
  return { hide, hideInMessage, add: (values) => hider.add(values) };
}

/** A mask that searches only so much until it is renewed. */
export interface RenewedMask extends Mask {
  /** Lets the mask search as much as at first. */
  renew(): void;
}

/** Creates a mask that hides values; it is renewed for each part of the data, such as an event. */
export function createRenewedMask(values: readonly Json[]): RenewedMask {
  const hider = createHider();
  hider.add(values);
  const search = { left: MAX_SEARCHED };
  return {
    ...maskOf(hider, search),
    renew() {
      search.left = MAX_SEARCHED;
    },
  };
}

/** Returns where the input of a task has write-only parameters of the sub-workflow that it starts. */
function pathsOf(run: Execution['run'], { action }: Pick<TaskExecution, 'action'>): string[][] {
  return run?.workflows?.[action]?.write_only ?? [];
}

/** Returns the values that the input of a task hides, which is that of a sub-workflow. */
export function hiddenInTask(run: Execution['run'], task: Pick<TaskExecution, 'action' | 'input'>): Json[] {
  return hiddenIn(task.input, pathsOf(run, task));
}

function hideInTask(task: TaskExecution, mask: Mask): TaskExecution {
  return {
    ...task,
    input: mask.hide(task.input),
    output: mask.hide(task.output),
    failure: maskFailure(task.failure, mask),
    attempts: task.attempts.map((attempt) => ({ ...attempt, error: maskFailure(attempt.error, mask) })),
  };
}

function maskFailure<T extends Failure | null>(failure: T, mask: Mask): T {
  return failure === null ? failure : (maskCauses(failure, mask) as T);
}

function maskCauses(failure: Failure, mask: Mask): Failure {
  const { message, cause, ...rest } = failure;
  const shown = mask.hide(rest as unknown as Json) as unknown as typeof rest; // it is JSON
  const masked: Failure = { ...shown, message: mask.hideInMessage(message) };
  return cause === undefined ? masked : { ...masked, cause: maskCauses(cause, mask) };
}

/** The fields with ids, names, times, counts, hashes and the start of the run; every other field is masked. */
type UnmaskedField =
  | 'workflowId'
  | 'runId'
  | 'workflowType'
  | 'taskQueue'
  | 'status'
  | 'moreTasks'
  | 'children'
  | 'run'
  | 'starters'
  | 'created'
  | 'updated'
  | 'closed'
  | 'digest'
  | 'authentic'
  | 'startContent'
  | 'trust'
  | 'statements'
  | 'signalsDropped'
  | 'signalsRefused'
  | 'projection'
  | 'runStarted'
  | 'lastEventId'
  | 'lastEvent'
  | 'above'
  | 'unsettled'
  | 'partial'
  | 'expired';

/** Masks the reason of a retry, which somebody wrote; all else of a memo is made by Fermata, or shown wherever the run is listed. */
function maskReason(memo: Execution['memo'], mask: Mask): Execution['memo'] {
  if (memo?.retry_reason === undefined) return memo;
  return { ...memo, retry_reason: mask.hideInMessage(memo.retry_reason) };
}

/** Masks the detail of a wait, other than the text by which a pause is known. */
function maskDetail({ detail }: Wait, mask: Mask): string | null {
  return detail === null || detail === HELD_BACK ? detail : mask.hideInMessage(detail);
}

/** Masks an inquiry except for its digests, which reveal nothing and which a decision sends back. */
function maskInquiry(inquiry: Inquiry, mask: Mask): Inquiry {
  const shown = mask.hide(inquiry as unknown as Json) as unknown as Inquiry; // it is JSON
  const { what, bound_to, votes, decisions } = inquiry;
  return {
    ...shown,
    ...(what === undefined ? {} : { what }),
    bound_to,
    votes: shown.votes.map((vote, at) => ({ ...vote, bound_to: votes[at]!.bound_to })),
    decisions: shown.decisions.map((record, at) => {
      return { ...record, decision: { ...record.decision, bound_to: decisions[at]!.decision.bound_to } };
    }),
  };
}

/** Hides the write-only values of an input that is shown without the rest of its run, wherever they appear in it. */
export function maskInput(input: Json, paths: readonly (readonly string[])[]): Json {
  return createMask(hiddenIn(input, paths)).hide(replaceAt(input, paths, () => MASKED));
}

/** Creates a mask with a hider; without a shared search, each value is searched as far as `most` allows. */
function maskOf(hider: Hider, shared: SearchBudget | null = null, most = MAX_SEARCHED): Mask {
  const hide = (shown: Json) => hider.hide(shown, shared ?? { left: most });
  return { hide, hideInMessage: (message) => hider.hideQuoted(hide(message) as string) };
}
