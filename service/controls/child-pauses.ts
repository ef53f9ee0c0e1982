import type { Control } from '../../model/control.ts';
import type { Execution } from '../../model/execution.ts';
import type { Logger } from '../../model/log.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import { mapConcurrently } from '../background/loops.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { awaitVerdict } from '../statements/verdicts.ts';
import type { AttemptHolds } from './attempt-holds.ts';
import { controlSignal, isFull } from './signals.ts';

/** Milliseconds for which a request passes on a pause or a resume, and for which the reconciler waits for one sub-workflow. */
const REQUEST_WITHIN = 5_000;
const KEEPER_WITHIN = 1_000;

/** Sub-workflows of one tree that are handled concurrently. */
const CONCURRENCY = 8;

/** A pause or a resume of a run. */
export type Switch = Control & { what: 'pause' | 'resume' };

/** The dependencies for passing on pauses. */
export interface ChildPausesOptions {
  temporal: Pick<Temporal, 'signal' | 'follow'>;
  projections: Pick<ProjectionReader, 'read'>;
  signer: Pick<StatementSigner, 'sealControl'>;
  holds: Pick<AttemptHolds, 'settle'>;
  log: Logger;
  clock: () => number;
}

/** Pauses sub-workflows while the run above them is paused. */
export interface ChildPauses {
  /**
   * Passes on the pause or the resume of an open run to its sub-workflows, level by level: sends to all of a level, and then waits for
   * them. Never throws; stops at the limit, and the reconciler does the rest.
   */
  passOn(workflowId: string, limit?: AbortSignal): Promise<void>;
  /** Looks at an open sub-workflow when the index shows that either it or the run above it is paused, and the other is not. */
  take(workflowId: string, status: ExecutionStatus, above: ExecutionStatus | null): Promise<void>;
}

/**
 * Creates the service. What a sub-workflow is sent depends only on its state and that of the run above it, so any number may work at
 * once, and whoever looks next does what is left.
 */
export function createChildPauses({
  temporal,
  projections,
  signer,
  holds,
  log,
  clock,
}: ChildPausesOptions): ChildPauses {
  async function read(workflowId: string): Promise<Execution | null> {
    const execution = (await projections.read(workflowId))?.execution;
    return execution?.projection === 'complete' && execution.closed === null ? execution : null;
  }

  /** Sends an open sub-workflow the control that it needs; returns null when it needs none. */
  async function send(above: Execution, child: Execution): Promise<Switch | null> {
    const control = switchBelow(above, child);
    if (control === null) return null;
    await temporal.signal(child.workflowId, controlSignal(signer, child, control, clock()));
    return control;
  }

  /** Waits until a sub-workflow has processed a control, and settles its attempts; returns false when the limit comes first. */
  async function settle(child: Execution, { id }: Switch, limit: AbortSignal): Promise<boolean> {
    const find = ({ controls }: Execution) => controls.find(({ control }) => control.id === id);
    const record = await awaitVerdict({ temporal, projections }, child, id, find, isFull, limit);
    if (record === null || record === 'closed') return false;
    await holds.settle(child.workflowId);
    return true;
  }

  /** Works on one run; logs an error, because the work is done later. */
  async function attempt<T>(workflowId: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      log.warn({ err: error, workflow_id: workflowId }, 'a pause or a resume is passed on to a sub-workflow later');
      return null;
    }
  }

  return {
    async passOn(workflowId, limit = AbortSignal.timeout(REQUEST_WITHIN)) {
      let level = [workflowId];
      while (level.length > 0 && !limit.aborted) {
        const runs = await mapConcurrently(level, CONCURRENCY, async (id) =>
          limit.aborted ? null : attempt(id, () => read(id)),
        );
        const below = runs.flatMap((above) =>
          above === null ? [] : openChildren(above).map((child) => ({ above, child })),
        );
        const sent = await mapConcurrently(below, CONCURRENCY, ({ above, child: id }) =>
          attempt(id, async () => {
            const child = limit.aborted ? null : await read(id);
            return child === null ? null : { child, control: await send(above, child) };
          }),
        );
        const taken = await mapConcurrently(sent, CONCURRENCY, async (each) => {
          if (each === null || limit.aborted) return null;
          const { child, control } = each;
          const done = control === null || (await attempt(child.workflowId, () => settle(child, control, limit)));
          return done ? child.workflowId : null;
        });
        level = taken.filter((id) => id !== null);
      }
    },

    async take(workflowId, status, above) {
      if (above === null || (status === 'paused') === (above === 'paused')) return;
      const child = await read(workflowId);
      const parent = child?.above === undefined ? null : await read(child.above.workflowId);
      if (child === null || parent === null) return;
      const control = await send(parent, child);
      // A run with unprocessed signals has no worker: others must not wait for it each time.
      if (control !== null && !child.unsettled) await settle(child, control, AbortSignal.timeout(KEEPER_WITHIN));
    },
  };
}

/**
 * Returns the control that brings an open sub-workflow to the state of the run above it; null when it needs none, and when somebody
 * else has paused or resumed it. Each pause of the run above leads to one pause, with an id derived from it; once that run is not
 * paused, the sub-workflow is resumed if such a pause has left it paused, also if it processed that pause late.
 */
export function switchBelow(above: Execution, child: Execution): Switch | null {
  const key = above.children.find((task) => task.child === child.workflowId && task.open)?.key;
  if (key === undefined || isFull(child) || above.status === 'canceling' || child.status === 'canceling') return null;
  if (above.status === 'paused') {
    const pause = newest(above, 'pause');
    if (pause === null) return null;
    const id = `${pause.id}/${key}`;
    const known = child.controls.some(({ control }) => control.id === id);
    return known ? null : { what: 'pause', id, by: pause.by, reason: pause.reason };
  }
  const pause = child.status === 'paused' ? newest(child, 'pause') : null;
  // A pause by a person has an id without a key.
  if (pause === null || !pause.id.endsWith(`/${key}`)) return null;
  const { by, reason } = newest(above, 'resume') ?? pause;
  return { what: 'resume', id: `${pause.id}/resumed`, by, reason };
}

/** Returns the newest pause or resume of a run; null when there is none. */
function newest({ controls }: Execution, what: Switch['what']): Control | null {
  return controls.findLast(({ control, refused }) => control.what === what && refused === null)?.control ?? null;
}

/** Returns the workflow ids of a run's open sub-workflows. */
function openChildren({ children }: Execution): string[] {
  return children.flatMap(({ child, open }) => (open ? [child] : []));
}
