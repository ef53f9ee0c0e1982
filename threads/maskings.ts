import { createHistoryMasking, type HistoryMasking } from '../service/histories/exports/history-masking.ts';
import type { MaskingJobs } from '../service/histories/exports/jobs.ts';

type RunningJobs = {
  [Name in keyof MaskingJobs]: (input: MaskingJobs[Name]['input']) => MaskingJobs[Name]['result'];
};

/** Creates the jobs that compute a run again over its masked history in a thread. */
export function createMaskingJobs(): RunningJobs {
  let open: HistoryMasking | null = null;
  return {
    open_masking({ workflowId, hidden }) {
      open = createHistoryMasking(workflowId, hidden);
      return null;
    },
    take_masking({ events }) {
      if (open === null) throw new Error('no history has been opened in this thread');
      for (const event of events) open.take(event);
      return open.takePart();
    },
  };
}
