import type { BulkVerb } from '../../../../model/bulk.ts';
import type { Permission } from '../../../../model/permissions.ts';

/** An act on many runs. */
export interface BulkAct {
  verb: BulkVerb;
  /** The word on its button. */
  word: string;
  /** The word for runs on which it has been done. */
  done: string;
  /** Its consequences, in a sentence. */
  meaning: string;
  isDangerous: boolean;
  permission: Permission;
}

/** The acts on many runs. */
export const BULK_ACTS: readonly BulkAct[] = [
  {
    verb: 'cancel',
    word: 'Cancel',
    done: 'asked to stop',
    meaning: 'Open runs are asked to stop, and the cleanup of their definitions runs.',
    isDangerous: true,
    permission: 'execution:execute',
  },
  {
    verb: 'terminate',
    word: 'Terminate',
    done: 'terminated',
    meaning: 'Open runs end at once: no cleanup runs, and what their tasks are doing now is lost.',
    isDangerous: true,
    permission: 'execution:execute',
  },
  {
    verb: 'retry',
    word: 'Retry',
    done: 'retried',
    meaning:
      'For each run that failed, timed out, or was abandoned, cancelled or terminated, a new run continues where it ended.',
    isDangerous: false,
    permission: 'execution:execute',
  },
  {
    verb: 'delete',
    word: 'Delete',
    done: 'deleted',
    meaning:
      'Runs that have ended are deleted with their histories for good, including the records of their decisions.',
    isDangerous: true,
    permission: 'execution:admin',
  },
];
