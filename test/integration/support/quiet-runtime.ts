import { pino } from 'pino';
import { installTemporalRuntime } from '../../../composition/worker/sdk.ts';
import { keepWorkflowThreads } from './workflow-threads.ts';

// Failures that a test provokes are no news; what a test needs to know of them it reads from histories.
// Files share a process, and what the one before has installed may still be there.
try {
  installTemporalRuntime(pino({ level: 'silent' }));
  keepWorkflowThreads();
} catch (error) {
  if ((error as Error).name !== 'IllegalStateError') throw error;
}
