import { createHistoryMasking, type HistoryMasking } from '../service/histories/exports/history-masking.ts';
import type { MaskingJobs } from '../service/histories/exports/jobs.ts';

type RunningJobs = {
  [Name in keyof MaskingJobs]: (
    input: MaskingJobs[Name]['input'],
  ) => MaskingJobs[Name]['result'] | Promise<MaskingJobs[Name]['result']>;
};

/** Loads what writes events: Temporal's messages make the start of a thread half as long again, and few threads ever write one. */
const loadWriter = () => import('../service/histories/exports/proto-json.ts');

/** Creates the jobs that replay a run over its masked history in a thread. */
export function createMaskingJobs(): RunningJobs {
  let open: HistoryMasking | null = null;

  function opened(): HistoryMasking {
    if (open === null) throw new Error('no history has been opened in this thread');
    return open;
  }

  return {
    open_masking({ workflowId, hidden }) {
      open = createHistoryMasking(workflowId, hidden);
      return null;
    },
    async take_masking({ events, writes }) {
      const masking = opened();
      const masked = events.map((event) => masking.take(event));
      return { ...masking.takePart(), written: writes ? (await loadWriter()).writeEvents(masked) : null };
    },
    end_masking() {
      const reason = opened().end();
      open = null;
      return { reason };
    },
  };
}
