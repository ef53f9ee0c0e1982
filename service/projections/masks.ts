import { type Execution, HELD_BACK, type LogEntry, type TaskExecution, type Wait } from '../../model/execution.ts';
import type { Failure } from '../../model/failure.ts';
import type { Inquiry } from '../../model/inquiry.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { createReplacer } from './text-search.ts';
import { replaceAt } from './write-only.ts';

// Parameters marked `writeOnly` show as `***` in every answer.

/** Replaces a value that is not shown. */
export const MASKED = '***';

/** The lengths from which a hidden text is also hidden inside another text, and in the encodings that template filters make. */
const SHORTEST_PART = 4;
const SHORTEST_ENCODED = 8;

/** The most characters that are searched in one answer, counted once for each hidden text; every text beyond them is hidden whole. */
const MAX_SEARCHED = 50_000_000;

/** Hides the values of write-only parameters in data that is shown. */
export type Mask = (shown: Json) => Json;

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

/**
 * Hides the write-only parameters of an execution, and `others`, values that other runs and tasks hide, wherever they appear in it. Returns
 * it with the mask that hides the same values in other data.
 */
export function maskExecution(
  execution: Execution,
  others: readonly Json[] = [],
): { execution: MaskedExecution; mask: Mask } {
  const { run, input, tasks } = execution;
  const own = run?.write_only ?? [];
  const values: Json[] = [...others];
  const noted = (value: Json) => {
    values.push(value);
    return MASKED;
  };
  const shownInput = replaceAt(input, own, noted);
  const shownTasks = tasks.map((task) => ({ ...task, input: replaceAt(task.input, pathsOf(run, task), noted) }));
  if (values.length === 0) return { execution: fromMaskedData(execution), mask: (shown) => shown };
  const hide = hiderOf(values);
  const search = { left: MAX_SEARCHED };
  const mask: Mask = (shown) => hide(shown, search);
  const failure = <T extends Failure | null>(of: T): T => maskFailure(of, mask);
  const fields: Required<Omit<Execution, UnmaskedField>> = {
    input: mask(shownInput),
    output: mask(execution.output),
    failure: failure(execution.failure),
    also: execution.also.map(failure),
    pendingFailure: failure(execution.pendingFailure),
    divergence: mask(execution.divergence) as string | null,
    variables: mask(execution.variables) as JsonObject,
    waitingFor: execution.waitingFor.map((wait) => ({ ...wait, detail: maskDetail(wait, mask) })),
    signals: execution.signals.map(({ name, payload }) => ({ name, payload: mask(payload) })),
    inquiries: execution.inquiries.map((inquiry) => maskInquiry(inquiry, mask)),
    controls: mask(execution.controls as unknown as Json) as unknown as Execution['controls'], // so is this
    tasks: shownTasks.map((task) => hideInTask(task, mask)),
  };
  return {
    mask: (shown) => hide(shown, { left: MAX_SEARCHED }),
    execution: fromMaskedData({ ...execution, ...fields }),
  };
}

/** Hides the write-only parameters of a run in one of its task executions, with a mask of the run. */
export function maskTask(task: TaskExecution, run: Execution['run'], mask: Mask): TaskExecution {
  return hideInTask({ ...task, input: replaceAt(task.input, pathsOf(run, task), () => MASKED) }, mask);
}

/** Creates a mask that hides values, within all that is shown with it. */
export function createMask(values: readonly Json[]): Mask {
  if (values.length === 0) return (shown) => shown;
  const hide = hiderOf(values);
  const search = { left: MAX_SEARCHED };
  return (shown) => hide(shown, search);
}

/** Hides the write-only parameters of a run in an entry of its log. */
export function maskEntry({ message, metadata, ...entry }: LogEntry, mask: Mask): LogEntry {
  return { ...entry, message: String(mask(message)), metadata: mask(metadata) as LogEntry['metadata'] };
}

/** Returns where the input of a task has write-only parameters of the sub-workflow that it starts. */
function pathsOf(run: Execution['run'], { action }: TaskExecution): string[][] {
  return run?.workflows?.[action]?.write_only ?? [];
}

function hideInTask(task: TaskExecution, mask: Mask): TaskExecution {
  return {
    ...task,
    input: mask(task.input),
    output: mask(task.output),
    failure: maskFailure(task.failure, mask),
    attempts: task.attempts.map((attempt) => ({ ...attempt, error: maskFailure(attempt.error, mask) })),
  };
}

function maskFailure<T extends Failure | null>(failure: T, mask: Mask): T {
  return mask(failure as unknown as Json) as unknown as T; // it is JSON
}

/** The fields with ids, names, times, counts, hashes and the start of the run; every other field is masked. */
type UnmaskedField =
  | 'workflowId'
  | 'runId'
  | 'workflowType'
  | 'taskQueue'
  | 'status'
  | 'memo'
  | 'moreTasks'
  | 'children'
  | 'run'
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
  | 'above'
  | 'unsettled'
  | 'partial'
  | 'expired';

/** Masks the detail of a wait, other than the text by which a pause is known. */
function maskDetail({ detail }: Wait, mask: Mask): string | null {
  return detail === HELD_BACK ? detail : (mask(detail) as string | null);
}

/** Masks an inquiry except for its digests, which reveal nothing and which a decision sends back. */
function maskInquiry(inquiry: Inquiry, mask: Mask): Inquiry {
  const shown = mask(inquiry as unknown as Json) as unknown as Inquiry; // it is JSON
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
  return createMask(hiddenIn(input, paths))(replaceAt(input, paths, () => MASKED));
}

/** Returns the texts within a hidden value, and its numbers of six and more digits: none of them is shown on its own either. */
function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return /\d{6}/.test(String(value)) ? [String(value)] : [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return isJsonObject(value) ? Object.values(value).flatMap(textsOf) : [];
}

/** Returns the forms that template filters give a text. */
function encodings(text: string): string[] {
  const base64 = Buffer.from(text).toString('base64');
  const inUrl = /\p{Surrogate}/u.test(text) ? text : encodeURIComponent(text);
  return [base64, base64.replace(/=+$/, ''), inUrl];
}

/** Hides values in data that is shown; `search.left` is the number of characters that may still be searched. */
type Hider = (shown: Json, search: { left: number }) => Json;

function hiderOf(values: readonly Json[]): Hider {
  const plain = values.flatMap(textsOf).filter((text) => text !== '');
  const texts = new Set([...plain, ...plain.filter((text) => text.length >= SHORTEST_ENCODED).flatMap(encodings)]);
  const numbers = new Set([...texts].map(Number).filter((number) => texts.has(String(number))));
  // Longer texts first: one may contain another.
  const replacers = [...texts]
    .filter((text) => text.length >= SHORTEST_PART)
    .sort((a, b) => b.length - a.length)
    .map((text) => createReplacer(text, MASKED));
  const hide: Hider = (value, search) => {
    if (typeof value === 'string') {
      if (texts.has(value)) return MASKED;
      if (value.length < SHORTEST_PART) return value;
      search.left -= value.length * replacers.length;
      return search.left < 0 ? MASKED : replacers.reduce((text, replace) => replace(text), value);
    }
    if (typeof value === 'number') return numbers.has(value) ? MASKED : value;
    if (Array.isArray(value)) return changeEntries(value, (entry) => hide(entry, search));
    return isJsonObject(value) ? changeFields(value, (field) => hide(field, search)) : value;
  };
  return hide;
}

/** Changes the entries of a list; returns the list itself where none differs. */
function changeEntries(list: Json[], change: (entry: Json) => Json): Json[] {
  let copy: Json[] | null = null;
  for (let at = 0; at < list.length; at += 1) {
    const changed = change(list[at]!);
    if (changed === list[at]) continue;
    copy ??= [...list];
    copy[at] = changed;
  }
  return copy ?? list;
}

/** Changes the fields of an object; returns the object itself where none differs. */
function changeFields(whole: JsonObject, change: (field: Json) => Json): JsonObject {
  const changed = Object.entries(whole).flatMap(([name, field]): [string, Json][] => {
    const next = change(field);
    return next === field ? [] : [[name, next]];
  });
  return changed.length === 0 ? whole : { ...whole, ...Object.fromEntries(changed) };
}
