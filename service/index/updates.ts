import type { Logger } from '../../model/log.ts';
import { isOutage } from '../background/outages.ts';

/**
 * Updates the index after a request has done its work: since only lists need the update, an error is logged and the request succeeds.
 */
export async function updateIndex(log: Logger, workflowId: string, update: () => Promise<void>): Promise<void> {
  try {
    await update();
  } catch (error) {
    const level = isOutage(error) ? 'warn' : 'error';
    log[level]({ err: error, workflow_id: workflowId }, 'a run that was read could not be written to the index');
  }
}
