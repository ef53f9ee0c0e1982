import { AppError } from '../../model/app-error.ts';
import { integerId } from '../../model/execution-id.ts';
import { completeFailure } from '../../model/failure.ts';
import { jsonSize } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { NOBODY_ID, type Principal } from '../../model/principal.ts';
import { startersOf } from '../../model/run-starters.ts';
import type { FailureHookRow, FailureHookStore } from '../../store/executions/failure-hooks.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';
import { isPassing, toAppError } from '../background/outages.ts';
import type { RunGuard } from '../starts/authentic-starts.ts';
import { workFor } from '../starts/work-owner.ts';
import type { ExecutionReader } from './reader.ts';
import type { ExecutionStarter } from './starter.ts';

/** The least milliseconds between two rounds, and the most hooks of one: of each tenant, and of all. */
const INTERVAL = 500;
const AT_ONCE = { ofTenant: 10, all: 40 };

/** The most bytes of a run's input that its hook is given, as JSON. */
const MAX_INPUT = 500_000;

/** The dependencies of the service. */
export interface FailureHookDependencies {
  store: FailureHookStore;
  executions: Pick<ExecutionReader, 'get'> & Pick<ExecutionStarter, 'start'>;
  isAuthentic: RunGuard;
  namespace: string;
  /** Rings when there are workflows to start. */
  bell: Bell;
  log: Logger;
}

/**
 * Creates the loop that starts the `on_failure` workflow of each run that has failed, once: as the principal who started that run, and
 * with its starters as starters. The key of the start is that of the failed run: it is claimed together with the number of the new run, so
 * that Temporal itself refuses a second start.
 */
export function createFailureHooks({
  store,
  executions,
  isAuthentic,
  namespace,
  bell,
  log,
}: FailureHookDependencies): RoundLoop {
  async function start(row: FailureHookRow): Promise<void> {
    const { workflowId, tenant, hook } = row;
    const anybody: Principal = {
      id: NOBODY_ID,
      tenant,
      tenantRef: '',
      subject: 'fermata',
      kind: 'service',
      onBehalfOf: null,
      roles: [],
      permissions: [],
      groups: [],
    };
    const { n, execution } = await executions.get(anybody, workflowId);
    const { memo, failure, runId } = execution;
    // Nor does anything follow a run that Temporal no longer has: nobody knows whether the API has started it, and on whose behalf.
    if (!(await isAuthentic({ workflowId, runId }, tenant)))
      throw new AppError('history_unusable', 'the start of the execution is not known to be signed by this service');
    const starter = { ...anybody, id: memo?.executor ?? 0, subject: memo?.owner ?? anybody.subject };
    const input = jsonSize(execution.input) > MAX_INPUT ? null : execution.input;
    const told = { execution: integerId(n), workflow: memo?.ref ?? execution.workflowType, input };
    await executions.start(starter, {
      ref: hook,
      inputField: 'input',
      mode: 'error',
      idempotencyKey: ['on_failure', workflowId],
      // Its end is then as far from the outside as that of the run that has failed. The number of a caller is not passed on.
      enforcement: memo?.cause?.enforcement,
      cause: memo?.cause,
      starters: startersOf(execution),
      input: { ...told, error: failure === null ? null : completeFailure(failure) },
    });
  }

  return {
    async tick() {
      const busy = new Set<string>();
      for (const row of await store.due(namespace, AT_ONCE)) {
        const { workflowId, tenant, hook } = row;
        if (busy.has(tenant)) continue;
        try {
          await workFor(tenant, () => start(row));
          await store.end(row, null);
        } catch (error) {
          const { code, message } = toAppError(error, 'the log of the API says what went wrong');
          // A busy tenant delays no other; an outage delays all.
          if (code === 'busy') busy.add(tenant);
          else if (isPassing(error)) throw error;
          else {
            log.error(
              { err: error, workflow_id: workflowId, hook },
              'the on_failure workflow of a run cannot be started',
            );
            await store.end(row, `${code}: ${message}`);
          }
        }
      }
    },

    run(signal) {
      const trouble = 'on_failure workflows cannot be started';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, bell, pause: 4 * INTERVAL, log, trouble });
    },
  };
}
