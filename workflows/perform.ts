import { RawValue } from '@temporalio/common';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  type RetryPolicy,
  scheduleActivity,
  sleep,
  TerminatedFailure,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { Command, Fault, RunEvent } from '../interpreter/events.ts';
import { payloadRefusal, readArrived, refusedOutput } from '../interpreter/unreadable.ts';
import { PERMITS_APART } from '../interpreter/versions.ts';
import { workflowIdOf } from '../model/execution-id.ts';
import { NEVER_RETRIED } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import {
  type ActivityScope,
  BACKSTOP_SECONDS,
  PERMIT_SECONDS,
  type RunInput,
  type RunMemo,
  YIELD_ACTION,
} from '../model/run-input.ts';
import { writeRunInput } from '../model/run-payload.ts';
import { MAX_SECONDS } from '../model/words.ts';
import type { Inbox } from './inbox.ts';

type Activity = Extract<Command, { type: 'activity' }>;
type Child = Extract<Command, { type: 'child' }>;
type Timer = Extract<Command, { type: 'timer' }>;
type Yield = Extract<Command, { type: 'yield' }>;

/**
 * Runs `decide` with a function that performs the commands of a run of an interpreter version. `decide` runs in the one cancellable
 * scope of all normal work, so that a command needs no scope (scopes are the main cost of a replay); shielded work runs in the scope of
 * the caller. The outcome of every command becomes an event in the inbox, and never rejects.
 */
export function performing<T>(
  inbox: Pick<Inbox, 'push'>,
  interpreter: number,
  decide: (perform: (command: Command) => void) => Promise<T>,
): Promise<T> {
  const around = CancellationScope.current();
  const work = new CancellationScope();
  const timers = new Map<string, CancellationScope>();
  const run = <R>(command: { shielded: boolean }, start: () => Promise<R>): Promise<R> =>
    command.shielded ? around.run(start) : start();
  const completed = (key: string, output: Json | undefined): void => inbox.push(completionOf(key, output, interpreter));
  const activity = (command: Activity): void => {
    const { key, action, input } = command;
    const scope = activityScope(command, interpreter);
    const args = scope === null ? [input] : [input, scope];
    run(command, () => scheduleActivity<Json>(action, args, activityOptions(command, interpreter))).then(
      (output) => completed(key, output),
      (error: unknown) => inbox.push({ type: 'failed', key, fault: faultOf(error) }),
    );
  };
  const child = (command: Child): void => {
    const { key, input, run: given } = command;
    run(command, () => executeChild(given.ref, { ...childOptions(command), args: [input, wrapRunInput(given)] })).then(
      // A sub-workflow that was skipped has no result.
      (output) => completed(key, output as Json | undefined),
      (error: unknown) => inbox.push({ type: 'failed', key, fault: faultOf(error) }),
    );
  };
  const timer = (command: Timer): void => {
    const { key, milliseconds } = command;
    run(command, () => {
      // Each timer has its own scope, so that it can be cancelled alone.
      const scope = new CancellationScope();
      timers.set(key, scope);
      return scope.run(() => sleep(milliseconds, { summary: key }));
    }).then(
      () => {
        timers.delete(key);
        inbox.push({ type: 'fired', key });
      },
      // A cancelled timer leaves no event: the interpreter dropped it when it told the shell to cancel.
      () => timers.delete(key),
    );
  };
  const pause = ({ key }: Yield): void => {
    around
      .run(() => scheduleActivity(YIELD_ACTION, [], { activityId: key, ...YIELD_OPTIONS }))
      .then(
        () => inbox.push({ type: 'completed', key, output: null }),
        (error: unknown) => inbox.push({ type: 'failed', key, fault: faultOf(error) }),
      );
  };
  const perform = (command: Command): void => {
    if (command.type === 'activity') activity(command);
    else if (command.type === 'child') child(command);
    else if (command.type === 'timer') timer(command);
    else if (command.type === 'yield') pause(command);
    else if (command.type === 'cancel_timer') timers.get(command.key)?.cancel();
    else if (command.type === 'cancel_work') work.cancel();
  };
  return work.run(() => decide(perform));
}

/** Options of a yield: where no worker has room for it, the run continues all the same. */
const YIELD_OPTIONS = {
  scheduleToStartTimeout: '1s',
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
} as const;

/** Returns the second argument of an activity for Fermata's own workers; null where they need none. */
function activityScope({ spec, secrets, timeout }: Activity, interpreter: number): ActivityScope | null {
  const timed = spec.task_queue === undefined && interpreter >= PERMITS_APART;
  if (!timed && !spec.connects && secrets === undefined) return null;
  return {
    tenant: memoOf()?.tenant,
    secrets,
    timeout: timed ? timeout : undefined,
  };
}

function activityOptions(
  { key, spec, retry, timeout }: Activity,
  interpreter: number,
): Parameters<typeof scheduleActivity>[2] {
  const own = spec.task_queue === undefined;
  const backstop = own ? BACKSTOP_SECONDS + (interpreter >= PERMITS_APART ? PERMIT_SECONDS : 0) : 0;
  return {
    activityId: key,
    startToCloseTimeout: seconds(timeout + backstop),
    heartbeatTimeout: seconds(spec.heartbeat_timeout),
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    ...fairness(memoOf()),
    retry: retryPolicy(retry),
    ...(own ? {} : { taskQueue: spec.task_queue!, scheduleToStartTimeout: seconds(spec.queue_timeout) }),
  };
}

/** A policy of one attempt has nothing else: the other fields would be half of the bytes of an activity in the history. */
function retryPolicy({ count, delay, maxDelay, factor }: Activity['retry']): RetryPolicy {
  if (count === 0) return { maximumAttempts: 1 };
  return {
    maximumAttempts: count + 1,
    // Temporal refuses an interval of zero.
    initialInterval: Math.max(1, seconds(Math.min(delay, maxDelay ?? MAX_SECONDS))),
    backoffCoefficient: factor,
    // Without it Temporal lets the interval grow to a hundred times the first.
    ...(factor === 1 ? {} : { maximumInterval: seconds(maxDelay ?? MAX_SECONDS) }),
    nonRetryableErrorTypes: [...NEVER_RETRIED],
  };
}

function childOptions({ n, run, memo }: Child) {
  // The owner of a sub-workflow is that of the run above it.
  const above = memoOf();
  return {
    workflowId: workflowIdOf(n),
    staticSummary: `${run.ref} ${run.version}`,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    parentClosePolicy: ParentClosePolicy.TERMINATE,
    // No id is used twice: when one is taken, the interpreter chooses another.
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    ...fairness(above),
    ...(above === undefined ? {} : { memo: { fermata: { ...above, ...memo, warrant: undefined } satisfies RunMemo } }),
  };
}

/** Lets the server serve the tenants of a task queue in turn; older servers ignore it. */
function fairness(memo: RunMemo | undefined) {
  return memo === undefined ? {} : { priority: { fairnessKey: memo.tenant } };
}

/** Wraps a run input, so that the SDK sends it as it is. */
export function wrapRunInput(run: RunInput): unknown {
  return RawValue.fromPayload(writeRunInput(run));
}

function memoOf(): RunMemo | undefined {
  return workflowInfo().memo?.fermata as RunMemo | undefined;
}

function seconds(value: number): number {
  return Math.ceil(value * 1000);
}

function completionOf(key: string, output: Json | undefined, interpreter: number): RunEvent {
  const arrived = readArrived(output);
  const refused = payloadRefusal(arrived, interpreter);
  if (refused !== null) return { type: 'failed', key, fault: refusedOutput(refused) };
  const { value, attempt } = arrived;
  return { type: 'completed', key, output: value ?? null, ...(attempt === undefined ? {} : { attempt }) };
}

function faultOf(error: unknown): Fault {
  // The class of this error is not exported by the package.
  if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') return { kind: 'clash' };
  const cause = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof TerminatedFailure) return { kind: 'terminated' };
  if (cause instanceof ApplicationFailure) {
    // Details in JSON have no other notes, and the projection reads only JSON.
    const details = (cause.details ?? []).map((each) => readArrived(each).value ?? null);
    return { kind: 'application', type: cause.type ?? '', message: cause.message, details };
  }
  if (cause instanceof TimeoutFailure) {
    const timeout = TIMEOUTS[cause.timeoutType as keyof typeof TIMEOUTS];
    return timeout === undefined ? { kind: 'other', message: cause.message } : { kind: 'timeout', timeout };
  }
  if (cause instanceof CancelledFailure || isCancellation(error)) return { kind: 'cancelled' };
  return { kind: 'other', message: cause instanceof Error ? cause.message : String(cause) };
}

const TIMEOUTS = {
  START_TO_CLOSE: 'start_to_close',
  SCHEDULE_TO_START: 'schedule_to_start',
  SCHEDULE_TO_CLOSE: 'schedule_to_close',
  HEARTBEAT: 'heartbeat',
} as const;
