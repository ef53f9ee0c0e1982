import type { Principal } from '../../model/principal.ts';
import type { EventRow } from '../../store/events/events.ts';
import { toAppError } from '../background/outages.ts';
import type { ExecutionReader } from '../executions/reader.ts';

/**
 * Finds the subjects that count as starters of what a rule begins for an event, in addition to its owner: who has sent the event and for whom,
 * those of the event or the run that it comes from, and the authors of the rule. Throws what the reader throws but `execution_not_found`: of
 * a run that was deleted only its owner is known, who counts as the sender of its end.
 */
export async function findStarters(
  executions: Pick<ExecutionReader, 'get'>,
  owner: Principal,
  { principal, onBehalfOf, starters, execution }: EventRow,
  writers: readonly string[],
): Promise<string[]> {
  const senders = [principal, onBehalfOf].filter((subject) => subject !== null);
  const ended = execution === null ? [] : await readStarters(executions, owner, String(execution));
  return [...senders, ...starters, ...ended, ...writers];
}

async function readStarters(executions: Pick<ExecutionReader, 'get'>, owner: Principal, id: string): Promise<string[]> {
  try {
    const { execution } = await executions.get(owner, id);
    return execution.run?.starters ?? [];
  } catch (error) {
    if (toAppError(error, '').code === 'execution_not_found') return [];
    throw error;
  }
}
