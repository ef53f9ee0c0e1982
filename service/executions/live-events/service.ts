import { AppError } from '../../../model/app-error.ts';
import type { Json } from '../../../model/json.ts';
import type { Principal } from '../../../model/principal.ts';
import type { ExecutionReader, ExecutionView } from '../reader.ts';
import { parseEntryId, type WatchEntry } from './entries.ts';
import { createFollower, type Follower, type FollowerDependencies } from './follower.ts';
import type { StreamedRun } from './sources.ts';

/** A run that a listener follows, and the stream of its events. */
export interface Watching {
  found: ExecutionView;
  entries: AsyncGenerator<WatchEntry>;
}

/** Streams the events of runs while they happen. */
export interface WatchService {
  /**
   * Streams the masked events of a run after an entry, or from its start, until it has ended or the signal is aborted. Throws
   * `execution_not_found`, and `request_invalid` for an id that no entry has.
   */
  watch(
    principal: Principal,
    id: string,
    options: { after?: string | undefined; signal: AbortSignal },
  ): Promise<Watching>;
  /** Ends every stream. */
  close(): void;
  /** The number of runs that are followed. */
  readonly following: number;
}

/** The dependencies of the service. */
export interface WatchDependencies extends FollowerDependencies {
  executions: Pick<ExecutionReader, 'readUnmasked'>;
}

/** Creates the service. It follows each run once however many listen, and keeps no list for any of them. */
export function createWatchService({ executions, ...following }: WatchDependencies): WatchService {
  const followers = new Map<string, Follower>();

  function followerOf(run: StreamedRun): Follower {
    const known = followers.get(run.workflowId);
    if (known !== undefined) return known;
    const follower = createFollower(run, following);
    followers.set(run.workflowId, follower);
    return follower;
  }

  async function* listen(
    run: StreamedRun,
    hidden: readonly Json[],
    { after, signal }: { after?: string | undefined; signal: AbortSignal },
  ): AsyncGenerator<WatchEntry> {
    const follower = followerOf(run);
    // A value that a run hides is hidden from everybody who listens, whoever found out first.
    follower.hide(hidden);
    follower.listeners += 1;
    try {
      yield* follower.entriesAfter(after, signal);
    } finally {
      follower.listeners -= 1;
      if (follower.listeners === 0) {
        follower.stop();
        followers.delete(run.workflowId);
      }
    }
  }

  return {
    async watch(principal, id, options) {
      const { after } = options;
      if (after !== undefined && parseEntryId(after) === undefined) {
        throw new AppError('request_invalid', 'invalid Last-Event-ID: send the id of an event of this stream');
      }
      const { n, execution, retries, hidden } = await executions.readUnmasked(principal, id);
      const run = { workflowId: execution.workflowId, tenant: principal.tenant };
      return { found: { n, execution, retries }, entries: listen(run, hidden, options) };
    },

    close() {
      for (const follower of followers.values()) follower.stop();
    },

    /** How many runs are followed. */
    get following(): number {
      return followers.size;
    },
  };
}
