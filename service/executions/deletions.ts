import { quoted } from '../../language/checks/texts.ts';
import { AppError } from '../../model/app-error.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import { isClosed } from '../../model/status.ts';
import { readMemo } from '../../projection/runs/memo.ts';
import type { DefinitionStore } from '../../store/definitions/definitions.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { RuleStore } from '../../store/rules/rules.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { DefinitionService } from '../definitions/definitions.ts';
import type { ExecutionReader } from './reader.ts';

/** Milliseconds for which writers cannot insert a deleted run again. */
const BURIED_FOR = 7 * 24 * 3_600_000;

/** Runs that are deleted at a time. */
const PAGE = 100;

/** Deletes runs and workflows. */
export interface DeletionService {
  /** Deletes a closed run and its sub-workflows from the index and from Temporal. Throws `execution_not_found`, `execution_open`. */
  deleteExecution(principal: Principal, id: string): Promise<void>;
  /**
   * Deletes a workflow with its revisions and all its runs; `force` terminates open runs first, and disables the rules that start it.
   * Throws `workflow_not_found`, `workflow_in_use`.
   */
  deleteWorkflow(principal: Principal, ref: string, force: boolean): Promise<void>;
  /** Throws `workflow_in_use` for a workflow that an enabled rule starts, but for some rules that are deleted, too. */
  demandNoStarters(
    principal: Principal,
    workflows: readonly { ref: string }[],
    deleted?: ReadonlySet<string>,
  ): Promise<void>;
  /** Throws `workflow_in_use`, with all of the workflows that have open runs. */
  demandClosed(principal: Principal, workflows: readonly { id: number; ref: string }[]): Promise<void>;
  /** Counts the runs of a workflow in the index, by its integer id. */
  countRuns(principal: Principal, definition: number): Promise<number>;
  /** Terminates the open runs of a workflow that is to be deleted. */
  terminateRuns(principal: Principal, workflow: { id: number; ref: string }): Promise<void>;
  /** Deletes all runs of a workflow, by its integer id. */
  deleteRuns(principal: Principal, definition: number): Promise<void>;
}

/** The dependencies of the service. */
export interface DeletionDependencies {
  temporal: Temporal;
  stores: {
    executions: ExecutionStore;
    definitions: DefinitionStore;
    inquiries: InquiryStore;
    rules: Pick<RuleStore, 'startersOf' | 'disableStarters' | 'retireWorkflow'>;
  };
  executions: Pick<ExecutionReader, 'get'>;
  definitions: DefinitionService;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createDeletionService({
  temporal,
  stores,
  executions,
  definitions,
  clock,
}: DeletionDependencies): DeletionService {
  const { namespace } = temporal;

  /**
   * Deletes runs of a tenant with all their sub-workflows. Their rows go last, so that a deletion that fails halfway can be repeated.
   */
  async function remove(tenant: string, runs: readonly { n: number; workflowId: string }[]): Promise<void> {
    const numbers = new Map<string, number | null>();
    for (const { n, workflowId } of runs) {
      numbers.set(workflowId, n);
      for (const below of await stores.executions.descendants(n)) numbers.set(below.workflowId, below.n);
      // The index may lag behind.
      for await (const page of temporal.list(`RootWorkflowId = "${workflowId}"`)) {
        for (const { execution } of page) {
          const id = execution?.workflowId;
          if (id && !numbers.has(id)) numbers.set(id, null);
        }
      }
    }
    const ids = [...numbers.keys()];
    const deleted = ids.map((workflowId) => ({ workflowId, n: numbers.get(workflowId) ?? null }));
    await stores.executions.bury({ namespace, tenant }, deleted, new Date(clock() + BURIED_FOR));
    for (const id of ids) await temporal.remove(id);
    await stores.inquiries.forget(namespace, ids);
    await stores.executions.erase(namespace, ids);
  }

  /** Finds the open runs of a workflow, in the index and in Temporal. */
  async function openRuns(principal: Principal, { id, ref }: { id: number; ref: string }): Promise<Set<string>> {
    const filter = { definition: id, open: true };
    const rows = await stores.executions.readOn(principal.tenant, filter, { limit: 10_000 });
    const open = new Set(rows.map(({ workflowId }) => workflowId));
    for await (const page of temporal.list(`WorkflowType = "${ref}" AND ExecutionStatus = "Running"`)) {
      for (const { memo, execution } of page) {
        const { tenant, definition_id: definition } = readMemo(memo) ?? {};
        if (tenant === principal.tenant && definition === id && execution?.workflowId) open.add(execution.workflowId);
      }
    }
    return open;
  }

  /** Reports whether a run had ended when its deletion began, which has failed since, so that the index never learns how it ended. */
  async function isHalfDeleted(workflowId: string): Promise<boolean> {
    return (await stores.executions.isBuried(namespace, workflowId)) && (await temporal.describe(workflowId)) === null;
  }

  /** Notes who ends a run: a rule may start something for its end until that is deleted. Waits for the index to learn of the run. */
  async function noteEnder(principal: Principal, workflowId: string): Promise<void> {
    const { tenant } = principal;
    const note = () => stores.executions.noteEnders({ namespace, tenant }, workflowId, subjectsOf(principal));
    if (await note()) return;
    try {
      // Reading it has the index learn of it.
      await executions.get(principal, workflowId);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'execution_not_found') throw error;
    }
    await note();
  }

  return {
    async deleteExecution(principal, id) {
      const { n, execution } = await executions.get(principal, id);
      if (!isClosed(execution.status) && !(await isHalfDeleted(execution.workflowId))) {
        throw new AppError(
          'execution_open',
          `Execution with ID ${id} is ${execution.status}: cancel or terminate it first`,
        );
      }
      await remove(principal.tenant, [{ n, workflowId: execution.workflowId }]);
    },

    async deleteWorkflow(principal, ref, force) {
      const workflow = await definitions.get(principal, ref);
      const { tenant } = principal;
      if (!force) {
        await this.demandNoStarters(principal, [workflow]);
        await this.demandClosed(principal, [workflow]);
      }
      // A disabled workflow starts no more runs. Rules may have been written since they were looked for.
      const starters = await stores.rules.retireWorkflow(tenant, workflow, force);
      if (!force) demandNone(ref, starters);
      if (force) await this.terminateRuns(principal, workflow);
      await this.deleteRuns(principal, workflow.id);
      await stores.definitions.remove(tenant, workflow.id);
      // Nobody can write a rule that starts it any more.
      await stores.rules.disableStarters(tenant, ref);
    },

    async demandNoStarters({ tenant }, workflows, deleted = new Set()) {
      for (const { ref } of workflows) {
        const starters = await stores.rules.startersOf(tenant, ref);
        demandNone(
          ref,
          starters.filter((rule) => !deleted.has(rule)),
        );
      }
    },

    async demandClosed(principal, workflows) {
      const inUse: string[] = [];
      for (const workflow of workflows) {
        const { size } = await openRuns(principal, workflow);
        const runs = size === 1 ? '1 open execution' : `${size} open executions`;
        if (size > 0) inUse.push(`workflow "${workflow.ref}" has ${runs}`);
      }
      if (inUse.length === 0) return;
      throw new AppError('workflow_in_use', `${inUse.join(', ')}: use ?force=true to terminate them`);
    },

    countRuns: ({ tenant }, definition) => stores.executions.count(tenant, { definition }),

    async terminateRuns(principal, workflow) {
      for (const id of await openRuns(principal, workflow)) {
        await noteEnder(principal, id);
        await temporal.terminate(id, `the workflow ${workflow.ref} is deleted`, principal.subject);
      }
    },

    async deleteRuns({ tenant }, definition) {
      for (;;) {
        const rows = await stores.executions.readOn(tenant, { definition }, { limit: PAGE });
        if (rows.length === 0) return;
        await remove(tenant, rows);
      }
    },
  };
}

/** Throws `workflow_in_use` if there are rules that start a workflow. */
function demandNone(ref: string, starters: readonly string[]): void {
  if (starters.length === 0) return;
  const [rules, them] = starters.length === 1 ? ['rule', 'it'] : ['rules', 'them'];
  const message = `workflow "${ref}" is started by the ${rules} ${quoted(starters)}: use ?force=true to disable ${them}`;
  throw new AppError('workflow_in_use', message);
}
