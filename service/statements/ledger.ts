import { AppError } from '../../model/app-error.ts';
import type { Ledger } from '../../model/ledger.ts';
import type { Mask } from '../../model/mask.ts';
import type { Principal } from '../../model/principal.ts';
import { buildLedger, createStatementReader } from '../../projection/ledger.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { MaskedExecution } from '../projections/masks.ts';
import type { ProjectedRun } from '../projections/projected-runs.ts';

/** The most executions of one export, including sub-workflows. */
const MAX_EXECUTIONS = 1_000;

/** Exports decisions, so that they can be verified without a server. */
export interface LedgerService {
  /**
   * Exports the decisions of an execution and of its sub-workflows. Throws `execution_not_found`, `history_unusable` if the history
   * cannot be read as a whole, and `work_exceeded` for more than 1,000 executions.
   */
  export(principal: Principal, id: string): Promise<Ledger>;
}

/** Reads a run, with its unmasked projection (null when Temporal does not have it) and the mask of its hidden values. */
interface LedgerSource {
  readUnmasked(
    principal: Principal,
    id: string,
  ): Promise<{ execution: MaskedExecution; projected: ProjectedRun | null; mask: Mask }>;
}

/** The dependencies of the service. */
export interface LedgerDependencies {
  executions: LedgerSource;
  temporal: Pick<Temporal, 'history'>;
}

/** Creates the service. */
export function createLedgerService({ executions, temporal }: LedgerDependencies): LedgerService {
  async function exportOne(principal: Principal, id: string, count: { left: number }): Promise<Ledger> {
    count.left -= 1;
    if (count.left < 0) throw new AppError('work_exceeded', `an export contains at most ${MAX_EXECUTIONS} executions`);
    const { execution: shown, projected, mask } = await executions.readUnmasked(principal, id);
    const execution = projected?.execution;
    const run = execution?.run;
    if (execution === undefined || !run || execution.projection !== 'complete') {
      throw new AppError('history_unusable', 'the complete history of the execution cannot be read');
    }
    const reader = createStatementReader(execution);
    for await (const page of temporal.history(execution.workflowId)) for (const event of page) reader.take(event);
    const children: Ledger[] = [];
    for (const { child } of execution.children) children.push(await exportOne(principal, child, count));
    return { ...buildLedger({ ...execution, run }, reader.sent, shown.inquiries, mask), children };
  }

  return {
    export: (principal, id) => exportOne(principal, id, { left: MAX_EXECUTIONS }),
  };
}
