import type { Logger } from '../../model/log.ts';
import { OWN_TASK_QUEUE } from '../../model/run-input.ts';
import { TRUST_SIGNAL } from '../../model/statement.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import { mapConcurrently } from '../background/loops.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import type { SigningKey } from './signing-key.ts';
import type { StatementSigner } from './statements.ts';

/** The progress of a revocation: how many open runs were informed, and how many could not be. */
export interface RevocationCounts {
  told: number;
  failed: number;
}

/** The number of runs that are informed concurrently. */
const AT_ONCE = 8;

/**
 * Informs every open run that trusts a signing key that the key is revoked, and counts the runs. `own` is the key itself; if it is null,
 * runs that trust no other key cannot be informed. Returns false if the signal was aborted before all were tried. Throws if the open runs
 * cannot be listed.
 */
export async function tellRevocation(
  {
    temporal,
    projections,
    signer,
    clock,
    log,
  }: {
    temporal: Pick<Temporal, 'list' | 'signal'>;
    projections: Pick<ProjectionReader, 'read'>;
    signer: Pick<StatementSigner, 'sealRevocation'>;
    clock: () => number;
    log: Logger;
  },
  { kid, own }: { kid: string; own: SigningKey | null },
  counts: RevocationCounts,
  signal: AbortSignal,
): Promise<boolean> {
  async function tell(workflowId: string): Promise<void> {
    const execution = (await projections.read(workflowId))?.execution;
    if (execution?.trust?.keys[kid] === undefined) return;
    for (const payload of signer.sealRevocation(execution, kid, own, clock())) {
      // A run that has ended meanwhile needs no information.
      await temporal.signal(workflowId, { name: TRUST_SIGNAL, payload, identity: 'fermata', requestId: undefined });
    }
    counts.told += 1;
  }

  for await (const page of temporal.list(`TaskQueue = "${OWN_TASK_QUEUE}" AND ExecutionStatus = "Running"`)) {
    const ids = page.flatMap(({ execution }) => execution?.workflowId || []);
    await mapConcurrently(ids, AT_ONCE, async (workflowId) => {
      if (signal.aborted) return;
      await tell(workflowId).catch((error: unknown) => {
        counts.failed += 1;
        log.error({ err: error, workflow_id: workflowId, kid }, 'a run cannot be told that a signing key is revoked');
      });
    });
    if (signal.aborted) return false;
  }
  return true;
}
