import type { Logger } from '../model/log.ts';
import { OWN_TASK_QUEUE } from '../model/run-input.ts';
import { TRUST_SIGNAL } from '../model/statement.ts';
import type { ProjectionReader } from './projections.ts';
import type { SigningKey } from './signing-keys.ts';
import type { StatementSigner } from './statements.ts';
import type { Temporal } from './temporal.ts';

/**
 * Tells every open run that trusts a signing key that the key is revoked; returns how many were told, and how many could not be. Where
 * `own`, the key itself, is null, those cannot be that trust no other.
 */
export async function tellRevocation(
  {
    temporal,
    projections,
    signer,
    log,
  }: {
    temporal: Pick<Temporal, 'list' | 'signal'>;
    projections: Pick<ProjectionReader, 'read'>;
    signer: Pick<StatementSigner, 'sealRevocation'>;
    log: Logger;
  },
  kid: string,
  own: SigningKey | null,
  clock: () => number,
): Promise<{ told: number; failed: number }> {
  const counts = { told: 0, failed: 0 };

  async function tell(workflowId: string): Promise<void> {
    const execution = (await projections.read(workflowId))?.execution;
    if (execution?.trust?.keys[kid] === undefined) return;
    for (const payload of signer.sealRevocation(execution, kid, own, clock())) {
      // A run that has ended meanwhile needs no telling.
      await temporal.signal(workflowId, { name: TRUST_SIGNAL, payload, identity: 'fermata', requestId: undefined });
    }
    counts.told += 1;
  }

  for await (const page of temporal.list(`TaskQueue = "${OWN_TASK_QUEUE}" AND ExecutionStatus = "Running"`)) {
    for (const { execution } of page) {
      const workflowId = execution?.workflowId;
      if (!workflowId) continue;
      await tell(workflowId).catch((error: unknown) => {
        counts.failed += 1;
        log.error({ err: error, workflow_id: workflowId, kid }, 'a run cannot be told that a signing key is revoked');
      });
    }
  }
  return counts;
}
