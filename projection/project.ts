import { mergedVariables } from '../interpreter/branches.ts';
import type { Observer } from '../interpreter/derive.ts';
import type { Command } from '../interpreter/events.ts';
import { projectInquiries } from '../interpreter/inquiries.ts';
import type { RunState } from '../interpreter/state.ts';
import { demandsStatements } from '../interpreter/statements.ts';
import type { Execution, LeftoverSignal, MoreTasks, ProjectionState, RefusedSignal } from '../model/execution.ts';
import { type Inquiry, withdrawn } from '../model/inquiry.ts';
import type { JsonObject } from '../model/json.ts';
import type { RunInput } from '../model/run-input.ts';
import { ReplayExceeded, type ReplayMeter } from '../model/work.ts';
import { eventTime, type HistoryEvent, isoTime, type Replay, type ReplayedRun } from './history.ts';
import type { Past } from './past.ts';
import { refusedPayload } from './payload.ts';
import { type Closing, closingFailure, readClosing } from './runs/closing.ts';
import { OpenStatus } from './runs/open-status.ts';
import { chainOf, type Opening, readMemo, readOpening, readParentRun, startTime } from './runs/opening.ts';
import { summarizeTasks } from './tasks/summaries.ts';
import { orderPlaces, type TaskLimits, takeFirstTasks } from './tasks/task-order.ts';
import { failureAt, findHeld, listAllPlaces, listChildTasks, type TaskSources, workIn } from './tasks/tasks.ts';
import { NOTHING_PENDING, type PendingWork, waitsFor } from './waits.ts';

/** The picture of a run, made from its history event by event; for a chain, from the histories of its runs in order. */
export interface Projection {
  take(event: HistoryEvent): void;
  /**
   * Returns the execution as it stands, with those of its tasks that began first when the limits permit no more. Throws a TypeError unless
   * the first event was the start of a workflow.
   */
  execution(pending?: PendingWork, limits?: TaskLimits): Execution;
  /** The event that started the run, read; null before it was taken. */
  readonly opening: Opening | null;
  /** Returns what the tasks of the run are read from; null when its state is unknown or cannot be trusted. */
  sources(pending?: PendingWork): TaskSources | null;
  /** Returns the replayed run; null for a run that the interpreter does not know. */
  replayed(): ReplayedRun | null;
}

/** Projects the whole history of a run, and what is pending, to an execution. Pure. Throws what a projection throws. */
export function projectExecution(
  workflowId: string,
  history: Iterable<HistoryEvent>,
  pending: PendingWork = NOTHING_PENDING,
): Execution {
  const projection = createProjection(workflowId);
  for (const event of history) projection.take(event);
  return projection.execution(pending);
}

/** How a history is projected. */
export interface ProjectionOptions {
  /** False: the execution shows what the first and the last event of the run say, and nothing of its tasks; it is `partial`. */
  interpret?: boolean;
  /** Counts the work of the replay. */
  meter?: ReplayMeter;
  /** Called with each command that history shows. */
  onCommand?: (command: Command) => void;
  /** Observes the values that the run computes. */
  observer?: Observer;
}

/**
 * Creates a projection without any event yet. With a meter, taking events and showing the execution throw ReplayExceeded when that is
 * spent, and for a run whose work cannot be counted (createReplay).
 */
export function createProjection(workflowId: string, options: ProjectionOptions = {}): Projection {
  return new HistoryProjection(workflowId, options);
}

class HistoryProjection implements Projection {
  readonly #workflowId: string;
  readonly #options: ProjectionOptions;
  readonly #refused: RefusedSignal[] = [];
  readonly #status = new OpenStatus();
  #opening: Opening | null = null;
  /** The latest event, and the start of the newest run of the chain. */
  #last: HistoryEvent | null = null;
  #taken = 0;
  #runStarted: HistoryEvent | null = null;
  #replay: Replay | null = null;
  /** Why the interpreter could not follow the history; null: it could. */
  #broken: string | null = null;

  constructor(workflowId: string, options: ProjectionOptions) {
    this.#workflowId = workflowId;
    this.#options = options;
  }

  take(event: HistoryEvent): void {
    this.#last = event;
    this.#taken += 1;
    this.#status.take(event);
    this.#takeSignal(event);
    const started = event.workflowExecutionStartedEventAttributes;
    if (started) this.#runStarted = event;
    if (this.#opening === null && started) {
      const { interpret = true, ...observed } = this.#options;
      this.#opening = readOpening(this.#workflowId, event, started);
      this.#replay = interpret ? this.#opening.replay(observed) : null;
    }
    this.#follow(event);
  }

  #takeSignal(event: HistoryEvent): void {
    const signal = refusedSignalOf(event, this.#opening?.run?.interpreter ?? 0);
    if (signal !== null) this.#refused.push(signal);
    if (this.#refused.length > MAX_REFUSED) this.#refused.shift();
  }

  #follow(event: HistoryEvent): void {
    if (this.#broken !== null) return;
    try {
      this.#replay?.take(event);
    } catch (error) {
      if (error instanceof ReplayExceeded) throw error;
      // An interpreter that throws where the run continued, or does nothing, does not agree with the history.
      this.#broken = `the interpreter failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  replayed(): ReplayedRun | null {
    const end = this.#replay?.end() ?? null;
    return end === null || this.#broken === null ? end : { ...end, state: null, divergence: this.#broken };
  }

  get opening(): Opening | null {
    return this.#opening;
  }

  sources(pending = NOTHING_PENDING): TaskSources | null {
    const [opening, last] = [this.#opening, this.#last];
    const found = this.replayed();
    if (opening === null || last === null || found === null) return null;
    if (projectionState(opening.run, found) !== 'complete') return null;
    return collectSources(found, pending, readClosing(last, opening.run !== null) === null ? null : eventTime(last));
  }

  execution(pending = NOTHING_PENDING, limits = UNLIMITED): Execution {
    const [opening, last, runStarted] = [this.#opening, this.#last, this.#runStarted];
    if (opening === null || last === null || runStarted === null) {
      throw new TypeError('the history does not begin with the start of a workflow');
    }
    const { started, run, input } = opening;
    const found = this.replayed();
    const closing = readClosing(last, run !== null);
    const closed = closing === null ? null : eventTime(last);
    const projection = projectionState(run, found);
    const sources = projection === 'complete' && found !== null ? collectSources(found, pending, closed) : null;
    const known = sources === null ? NOTHING_KNOWN : knownFrom(sources, limits);
    const state = projection === 'complete' ? (found?.state ?? null) : null;
    return {
      workflowId: this.#workflowId,
      runId: chainOf(started),
      workflowType: started.workflowType?.name ?? '',
      taskQueue: started.taskQueue?.name ?? '',
      memo: readMemo(started.memo),
      run,
      input,
      ...endOf(closing, state, this.#status),
      created: isoTime(startTime(opening.event, opening.known)),
      updated: isoTime(eventTime(last)),
      closed: closed === null ? null : isoTime(closed),
      waitingFor: closed === null ? waitsFor(state, pending) : [],
      authentic: null,
      startContent: opening.content,
      trust: (state === null ? run?.trust : state.trust) ?? null,
      ...known,
      signalsRefused: [...this.#refused],
      projection,
      divergence: found?.divergence ?? null,
      lastEventId: Number(last.eventId),
      ...(this.#options.interpret === false ? {} : { lastEvent: this.#taken }),
      runStarted: isoTime(eventTime(runStarted)),
      ...readParentRun(started),
      ...(isContinued(opening) ? { partial: true as const } : {}),
      ...(closed === null && isUnsettled(state, pending) ? { unsettled: true as const } : {}),
    };
  }
}

/** Returns how a run has ended, or how it stands while it is open. */
function endOf(
  closing: Closing | null,
  state: RunState | null,
  openStatus: OpenStatus,
): Pick<Execution, 'status' | 'output' | 'failure' | 'stopMessage' | 'also'> {
  if (closing === null) return { status: openStatus.read(state), output: null, failure: null, also: [] };
  const { status, output, also } = closing;
  const failure = closingFailure(closing, state);
  const stopMessage = closing.failure?.message;
  const isSame = stopMessage === undefined || stopMessage === failure?.message;
  return { status, output, failure, also, ...(isSame ? {} : { stopMessage }) };
}

/** Whether the history begins with a later run of a chain. A memo may claim that; only Temporal's continued run id proves it. */
function isContinued({ known, started }: Opening): boolean {
  return known?.carried?.middle !== undefined && Boolean(started.continuedExecutionRunId);
}

function projectionState(run: RunInput | null, found: ReplayedRun | null): ProjectionState {
  if (run === null) return 'foreign';
  if (found === null) return 'partial';
  return found.divergence === null ? 'complete' : 'diverged';
}

/** The fields of an execution that only the interpreter's state has. */
type Known = Pick<
  Execution,
  | 'tasks'
  | 'moreTasks'
  | 'children'
  | 'variables'
  | 'signals'
  | 'inquiries'
  | 'controls'
  | 'digest'
  | 'statements'
  | 'signalsDropped'
  | 'pendingFailure'
>;

/** These fields without a state that can be trusted. */
const NOTHING_KNOWN: Known = {
  tasks: [],
  children: [],
  variables: {},
  signals: [],
  inquiries: [],
  controls: [],
  digest: null,
  statements: null,
  signalsDropped: 0,
  pendingFailure: null,
};

/** All task executions, whatever their number and size. */
const UNLIMITED: TaskLimits = { entries: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** `closed` is when the run closed, in milliseconds; null while it is open. */
function collectSources(
  { state, past, tries }: ReplayedRun,
  pending: PendingWork,
  closed: number | null,
): TaskSources | null {
  if (state === null) return null;
  const described = new Map(pending.activities.map((activity) => [activity.activityId ?? '', activity]));
  return { state, past, tries, closed, described, held: findHeld(state, closed) };
}

/** Reads these fields off a replay. */
function knownFrom(sources: TaskSources, limits: TaskLimits): Known {
  const { state, past, closed } = sources;
  const { tasks, more } = takeFirstTasks(sources, orderPlaces(sources), limits);
  return {
    tasks,
    ...(more === undefined ? {} : { moreTasks: { ...more, ...summarize(sources) } }),
    children: listChildTasks(sources),
    variables: variablesOf(state),
    signals: leftoversOf(state),
    inquiries: allInquiries(past, state, closed !== null),
    controls: state.controls,
    digest: state.digest,
    statements: demandsStatements(state) ? state.statements : null,
    signalsDropped: state.signals.dropped,
    pendingFailure: closed === null ? state.failure : null,
  };
}

/** Summarizes the tasks of a run of which some are left out. */
function summarize(sources: TaskSources): Pick<MoreTasks, 'lastFailed' | 'summaries'> {
  return { lastFailed: findLastFailed(sources), summaries: summarizeTasks(sources) };
}

/** Returns the name of the last visit that failed; null without one. */
function findLastFailed(sources: TaskSources): string | null {
  const failed = listAllPlaces(sources).findLast((place) => place.item === null && failureAt(sources, place) !== null);
  return failed === undefined ? null : workIn(sources, failed).visit.name;
}

/** Refused signals that are shown. */
const MAX_REFUSED = 100;

function refusedSignalOf(event: HistoryEvent, interpreter: number): RefusedSignal | null {
  const signaled = event.workflowExecutionSignaledEventAttributes;
  const refused = signaled ? refusedPayload(signaled.input?.payloads?.[0], interpreter) : null;
  if (refused === null) return null;
  return { name: signaled?.signalName ?? '', at: isoTime(eventTime(event)), encoding: refused.encoding };
}

/** Returns the inquiries of all runs of a chain, in order; those that are open when the run closes are withdrawn. */
function allInquiries({ inquiries }: Past, state: RunState, closed: boolean): Inquiry[] {
  const asked = projectInquiries(state);
  const own = closed ? asked.map(withdrawn) : asked;
  if (inquiries.length === 0) return own;
  return [...inquiries, ...own].sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
}

/** Whether an open run may have been sent events that it has not taken yet. */
function isUnsettled(state: RunState | null, { workflowTaskAttempt }: PendingWork): boolean {
  return workflowTaskAttempt > 0 || (state !== null && state.backlog.length > 0);
}

function variablesOf(state: RunState): JsonObject {
  return Object.fromEntries([...mergedVariables(state)].map(([name, { value }]) => [name, value]));
}

/** Returns the signals that no task has waited for, by name in order of arrival. */
function leftoversOf({ signals }: RunState): LeftoverSignal[] {
  return [...signals.messages].flatMap(([name, payloads]) => payloads.map((payload) => ({ name, payload })));
}
