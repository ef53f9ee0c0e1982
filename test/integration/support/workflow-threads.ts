import { Worker } from '@temporalio/worker';

// Each worker has a thread for its workflows, and to start one costs as much as a dozen runs: it loads the SDK and the bundle of the
// workflow, and forgets what V8 has compiled. In tests the next worker of a process gets the thread that one has left, as the runs of one
// worker share it: with none of these runs in it any more.

/** The part of the SDK that is replaced here. */
interface Factory {
  createWorkflowCreator(bundle: { code: string }, options: ThreadOptions, logger: unknown): Promise<Creator>;
}

/** The options of a worker that its thread is started with. */
interface ThreadOptions {
  activities: ReadonlyMap<string, unknown>;
  reuseV8Context?: boolean;
  workflowThreadPoolSize: number;
  isolateExecutionTimeoutMs: number;
  /** Workflows run in the thread of the worker itself, as those do that replay histories. */
  debugMode: boolean;
}

interface Creator {
  createWorkflow(options: unknown): Promise<unknown>;
  destroy(): Promise<void>;
}

interface ThreadedCreator extends Creator {
  workerThreadClients: { workerExited: boolean; exitError?: Error; getActiveWorkflowCount(): number }[];
}

/** Threads that are kept for the next worker; others end with theirs. */
const KEPT = 3;

interface Idle {
  code: string;
  options: string;
  creator: ThreadedCreator;
}

/** Where the SDK has its idle threads once it keeps some: this module may be evaluated again for each file of a process. */
const IDLE = Symbol.for('fermata.test.idle-workflow-threads');

const factory = Worker as unknown as Factory & { [IDLE]?: Idle[] };

/** Lets the workers of this process use the threads of those before them. */
export function keepWorkflowThreads(): void {
  if (factory[IDLE] !== undefined) return;
  const idle: Idle[] = [];
  factory[IDLE] = idle;
  const create = factory.createWorkflowCreator.bind(Worker);
  factory.createWorkflowCreator = async (bundle, options, logger) => {
    if (options.debugMode) return create(bundle, options, logger);
    expectUnbroken(idle);
    const { code } = bundle;
    const key = keyOf(options);
    const at = idle.findLastIndex((each) => each.code === code && each.options === key && isEmpty(each.creator));
    const creator =
      at < 0 ? ((await create(bundle, options, logger)) as ThreadedCreator) : idle.splice(at, 1)[0]!.creator;
    return {
      createWorkflow: (asked) => creator.createWorkflow(asked),
      destroy: async () => {
        if (!isEmpty(creator)) return creator.destroy();
        idle.push({ code, options: key, creator });
        if (idle.length > KEPT) await idle.shift()!.creator.destroy();
      },
    };
  };
}

/** Ends the threads that the next worker would get: one that is restarted must find nothing of the worker before it. */
export async function endIdleThreads(): Promise<void> {
  const idle = factory[IDLE] ?? [];
  expectUnbroken(idle);
  await Promise.all(idle.splice(0).map(({ creator }) => creator.destroy()));
}

/** Fails if a thread has broken down since its worker left it. */
function expectUnbroken(idle: Idle[]): void {
  const errorOf = ({ creator }: Idle) => creator.workerThreadClients.find(({ exitError }) => exitError)?.exitError;
  const at = idle.findIndex((each) => errorOf(each) !== undefined);
  if (at >= 0)
    throw new Error('an idle thread of workflows has broken down', { cause: errorOf(idle.splice(at, 1)[0]!) });
}

function keyOf(options: ThreadOptions): string {
  const { activities, reuseV8Context, workflowThreadPoolSize, isolateExecutionTimeoutMs } = options;
  // With a default one, there is no activity that a workflow may not name.
  const names = activities.has('default') ? [] : [...activities.keys()].sort();
  return JSON.stringify([names, reuseV8Context, workflowThreadPoolSize, isolateExecutionTimeoutMs]);
}

/** Reports whether the threads of a worker run, and have none of its workflows. */
function isEmpty({ workerThreadClients: threads }: ThreadedCreator): boolean {
  return threads.every((thread) => !thread.workerExited && !thread.exitError && thread.getActiveWorkflowCount() === 0);
}
