import { digest } from '../expression/encoding.ts';
import { derivedNumber, integerId } from '../model/execution-id.ts';
import type { Failure } from '../model/failure.ts';
import type { EmbeddedWorkflow, Parameters, RunInput } from '../model/run-input.ts';
import { renderConcurrencyKey } from './concurrency-key.ts';
import { derive } from './derive.ts';
import type { ChildMemo } from './events.ts';
import type { RunState } from './state.ts';

/**
 * Returns the input of a sub-workflow; null when the run does not carry its definition. The number of the sub-workflow comes from the
 * seed of this run and the key of the try, so that a replay computes the same number, also after a reset.
 */
export function buildChildInput(
  state: RunState,
  { ref, key, timeout, input }: { ref: string; key: string; timeout: number | undefined; input: Parameters },
): { n: number; run: RunInput; memo: ChildMemo } | { failure: Failure } | null {
  const { run, info, version, work, trust, digest: own } = state;
  const { workflows = {} } = run;
  if (!Object.hasOwn(workflows, ref)) return null;
  const embedded = workflows[ref]!;
  const seed = digest(`${run.lineage ?? info.seed}/${key}`, 'sha256');
  const carried = run.carried?.children?.[key];
  const n = derivedNumber(seed);
  const reached = reachedFrom(embedded, workflows);
  const { revision, definition, out_schema, actions, write_only } = embedded;
  const named = { definition, ref, version: embedded.version };
  const shared = derive(state, 'concurrency_key', () => renderConcurrencyKey(named, input, version, work.meter));
  if (shared !== null && 'failure' in shared) return shared;
  return {
    n,
    run: {
      interpreter: version,
      n,
      ref,
      version: embedded.version,
      revision,
      hash: embedded.hash,
      seed,
      definition,
      ...(out_schema === undefined ? {} : { out_schema }),
      actions,
      ...(Object.keys(reached).length === 0 ? {} : { workflows: reached }),
      ...(write_only === undefined ? {} : { write_only }),
      ...(run.starters === undefined ? {} : { starters: run.starters }),
      ...(carried === undefined ? {} : { carried }),
      ...(run.tenant === undefined ? {} : { tenant: run.tenant }),
      ...(run.blind === undefined ? {} : { blind: run.blind }),
      ...(trust === null ? {} : { trust }),
      ...(own === null ? {} : { code: own.code }),
      ...(run.limits === undefined ? {} : { limits: run.limits }),
      ...(run.scheduled === undefined ? {} : { scheduled: run.scheduled }),
      depth: (run.depth ?? 0) + 1,
      ...(timeout === undefined ? {} : { timeout }),
    },
    memo: {
      n,
      ref,
      revision,
      definition_id: embedded.definition_id,
      parent: integerId(run.n),
      parent_task: key,
      actions: Object.keys(actions),
      ...(write_only === undefined ? {} : { hides: true }),
      // The child does not inherit these two from its parent.
      turn: shared?.turn,
      on_failure: definition.on_failure,
    },
  };
}

/** Returns the workflows that one of them can reach: a sub-workflow carries no others. */
function reachedFrom(
  embedded: EmbeddedWorkflow,
  workflows: Readonly<Record<string, EmbeddedWorkflow>>,
): Record<string, EmbeddedWorkflow> {
  const reached: Record<string, EmbeddedWorkflow> = {};
  const queue = [embedded];
  for (const { actions } of queue) {
    for (const [ref, { workflow }] of Object.entries(actions)) {
      const other = workflows[ref];
      if (!workflow || other === undefined || Object.hasOwn(reached, ref)) continue;
      reached[ref] = other;
      queue.push(other);
    }
  }
  return reached;
}
