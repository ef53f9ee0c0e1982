import { isClosed, isSuccessful } from '../../../model/status.ts';
import { request } from '../../client/request.ts';
import { may, mayStartAgain } from '../../client/session.ts';
import type { Run } from '../../client/shapes.ts';

/** The name of an act on a run. */
export type ActName = 'retry' | 'pause' | 'resume' | 'signal' | 'cancel' | 'terminate' | 'delete' | 'skip';

/** An act on a run, or on a task of it. */
export interface RunAct {
  name: ActName;
  /** The word on its button. */
  word: string;
  /** The name of its dialog. */
  title: string;
  /** Its consequences, in a sentence. */
  meaning: string;
  isDangerous: boolean;
  /** Whether the API keeps a reason for it. */
  hasReason: boolean;
  /** Announced once it is done. */
  done: string;
}

const ACTS: Record<ActName, RunAct> = {
  retry: {
    name: 'retry',
    word: 'Retry',
    title: 'Retry this run',
    meaning: 'A new run continues where this one ended. Tasks that succeeded are not run again.',
    isDangerous: false,
    hasReason: false,
    done: 'A new run continues from here.',
  },
  pause: {
    name: 'pause',
    word: 'Pause',
    title: 'Pause this run',
    meaning: 'Tasks that run now finish. Nothing new starts until the run is resumed.',
    isDangerous: false,
    hasReason: true,
    done: 'The run is paused.',
  },
  resume: {
    name: 'resume',
    word: 'Resume',
    title: 'Resume this run',
    meaning: 'The run continues where it was paused.',
    isDangerous: false,
    hasReason: true,
    done: 'The run continues.',
  },
  signal: {
    name: 'signal',
    word: 'Signal',
    title: 'Signal this run',
    meaning:
      'The task that has waited longest for a signal of this name receives it. A signal that no task waits for yet is kept.',
    isDangerous: false,
    hasReason: false,
    done: 'The signal was sent.',
  },
  cancel: {
    name: 'cancel',
    word: 'Cancel',
    title: 'Cancel this run',
    meaning: 'Tasks that run now are asked to stop, and the cleanup of the definition runs.',
    isDangerous: true,
    hasReason: true,
    done: 'The run was asked to stop.',
  },
  terminate: {
    name: 'terminate',
    word: 'Terminate',
    title: 'Terminate this run',
    meaning: 'The run ends at once: no cleanup runs, and what its tasks are doing now is lost.',
    isDangerous: true,
    hasReason: true,
    done: 'The run was terminated.',
  },
  delete: {
    name: 'delete',
    word: 'Delete',
    title: 'Delete this run',
    meaning: 'Deletes the run and its history for good, including the record of its decisions.',
    isDangerous: true,
    hasReason: false,
    done: 'The run was deleted.',
  },
  skip: {
    name: 'skip',
    word: 'Skip this task',
    title: 'Skip this task',
    meaning: 'The task stops waiting, and the run continues as if it had succeeded.',
    isDangerous: false,
    hasReason: true,
    done: 'The task was skipped.',
  },
};

/** Returns an act by its name; undefined for a name that no act has. */
export function actNamed(name: string): RunAct | undefined {
  return Object.hasOwn(ACTS, name) ? ACTS[name as ActName] : undefined;
}

/** Returns the acts on a run that its state and the permissions of who is signed in allow. */
export function listActs(run: Pick<Run, 'state' | 'revision' | 'action_ref'>): RunAct[] {
  const { state } = run;
  const closed = isClosed(state);
  const isOpen = !closed && state !== 'canceling';
  const names: [name: ActName, isPossible: boolean][] = [
    ['retry', closed && !isSuccessful(state) && mayStartAgain(run)],
    ['resume', state === 'paused' && may('execution:execute')],
    ['pause', isOpen && state !== 'paused' && may('execution:execute')],
    ['signal', isOpen && may('execution:execute')],
    ['cancel', isOpen && may('execution:execute')],
    ['terminate', !closed && may('execution:execute')],
    ['delete', closed && may('execution:admin')],
  ];
  return names.filter(([, isPossible]) => isPossible).map(([name]) => ACTS[name]);
}

/** The place of an act: a run and, to skip, the key of a task. */
export interface ActPlace {
  id: number;
  task?: string;
}

/** Does an act. Returns the new run of a retry, else null. Throws a RequestError. */
export async function perform(
  { name }: RunAct,
  { id, task }: ActPlace,
  body: Record<string, unknown>,
  key: string,
): Promise<Run | null> {
  const path = `/executions/${id}`;
  if (name === 'delete') return request(path, { method: 'DELETE' }).then(() => null);
  const at = name === 'skip' ? `${path}/tasks/${encodeURIComponent(task ?? '')}/skip` : `${path}/${name}`;
  const isRepeatable = name === 'retry' || name === 'signal';
  const answer = await request<{ data: Run } | null>(at, {
    method: 'POST',
    body,
    headers: isRepeatable ? { 'idempotency-key': key } : {},
  });
  return name === 'retry' ? (answer?.data ?? null) : null;
}
