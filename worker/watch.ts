import type { Worker } from '@temporalio/worker';
import type { RunKey } from '../model/run-key.ts';
import { type ActivationSummary, completedRunId, summarizeActivation } from './activation.ts';

/** The state of a worker's workflow thread, which takes one activation after the other. */
export interface WatchReport {
  /** Seconds that the activation which the thread is working on has taken so far; 0 when no activation is in flight. */
  stalled: number;
  /** The only run that has an activation in flight, with the seconds since it came; null when there are none or several. */
  alone: (RunKey & { seconds: number }) | null;
  /** Runs whose activation has ended since the last report, so late that Temporal has given up the decision. */
  late: RunKey[];
}

/** Milliseconds between two reports. */
const INTERVAL = 500;

/** Seconds after which a run that is alone in flight is reported; in probation it is reported at once. */
const NOTABLE_SECONDS = 1;

/** Seconds that a workflow task has in Temporal before another attempt begins. */
const TASK_SECONDS = 10;

/** The methods of the SDK's native worker that carry activations; they are not part of its public interface. */
export interface NativeWorker {
  pollWorkflowActivation(): Promise<Buffer>;
  completeWorkflowActivation(completion: Buffer): Promise<unknown>;
}

/** Watches the activations of a worker. */
export interface Watch {
  /** Reports until `stop`: every half second, and at once whenever the run that is alone in flight is another one. */
  start(): void;
  stop(): void;
}

/** Options of watching a worker. */
export interface WatchOptions {
  /** Reports a run that is alone in flight from its first moment on. */
  eager: boolean;
  /** Returns true once the worker cannot continue; activations that end then are not taken into account. */
  isBroken(): boolean;
  report(report: WatchReport): void;
}

/**
 * Watches the activations of a worker that does not run yet. Throws an Error when the SDK's native worker is not of the known
 * shape.
 */
export function watchWorker(worker: Worker, options: WatchOptions): Watch {
  const native = (worker as unknown as { nativeWorker?: Partial<NativeWorker> }).nativeWorker;
  if (native?.pollWorkflowActivation === undefined || native.completeWorkflowActivation === undefined) {
    throw new Error("the worker's activations cannot be watched: this version of Temporal's SDK is not supported");
  }
  return watchActivations(native as NativeWorker, options);
}

/** Watches the activations that pass through a native worker, whose two methods it replaces. */
export function watchActivations(native: NativeWorker, { eager, isBroken, report }: WatchOptions): Watch {
  const poll = native.pollWorkflowActivation.bind(native);
  const complete = native.completeWorkflowActivation.bind(native);
  const clock = createRunningClock();
  const notable = eager ? 0 : NOTABLE_SECONDS;
  /** Workflow ids of the runs that are in the cache. */
  const workflowIds = new Map<string, string>();
  /** When each activation in flight came, by run id. */
  const inFlight = new Map<string, number>();
  let lastEnd = 0;
  let late: RunKey[] = [];
  let reported: string | null = null;

  const keyOf = (runId: string): RunKey | null => {
    const workflowId = workflowIds.get(runId);
    return workflowId === undefined ? null : { workflowId, runId };
  };

  function current(): WatchReport {
    const now = clock.seconds();
    const [first, ...others] = inFlight;
    const began = first?.[1] ?? now;
    const key = first === undefined || others.length > 0 ? null : keyOf(first[0]);
    const alone = key === null || now - began < notable ? null : { ...key, seconds: now - began };
    return { stalled: first === undefined ? 0 : now - Math.max(began, lastEnd), alone, late };
  }

  function send(): void {
    const next = current();
    late = [];
    reported = next.alone?.runId ?? null;
    report(next);
  }

  function changed(): void {
    if ((current().alone?.runId ?? null) !== reported) send();
  }

  function taken({ runId, workflowId, eviction }: ActivationSummary): void {
    if (workflowId !== null) workflowIds.set(runId, workflowId);
    if (eviction) workflowIds.delete(runId);
    else {
      inFlight.set(runId, clock.seconds());
      changed();
    }
  }

  function ended(runId: string): void {
    const began = inFlight.get(runId);
    if (began === undefined) return;
    const key = keyOf(runId);
    const now = clock.seconds();
    if (key !== null && now - Math.max(began, lastEnd) > TASK_SECONDS) late.push(key);
    inFlight.delete(runId);
    lastEnd = now;
    changed();
  }

  native.pollWorkflowActivation = async () => {
    const bytes = await poll();
    try {
      taken(summarizeActivation(bytes));
    } catch {
      // An activation that cannot be read is not watched; the worker itself says what is wrong with it.
    }
    return bytes;
  };

  native.completeWorkflowActivation = (bytes) => {
    // After a failure of the workflow thread all activations end at once: the run that is alone in flight stays reported.
    if (!isBroken()) ended(completedRunId(bytes));
    return complete(bytes);
  };

  return {
    start: () => clock.start(send),
    stop: () => clock.stop(),
  };
}

/** Creates a clock that stands still while the process is stopped or its main thread is blocked: such time does not count against a run. */
function createRunningClock() {
  let seconds = 0;
  let since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const passed = () => Math.min(performance.now() - since, 2 * INTERVAL) / 1000;
  return {
    seconds: () => seconds + passed(),
    start(tick: () => void): void {
      timer = setInterval(() => {
        seconds += passed();
        since = performance.now();
        tick();
      }, INTERVAL);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
}
