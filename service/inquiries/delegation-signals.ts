import { DELEGATE_SIGNAL, type Delegation, type DelegationRecord } from '../../model/delegation.ts';
import type { Execution } from '../../model/execution.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { awaitVerdict } from '../statements/verdicts.ts';

/**
 * Sends a delegation, or the end of one, to a run and returns the run's verdict: null while no worker has processed it, `closed` if the
 * run ended without it. Throws what `StatementSigner.sealDelegation` throws, and `busy` as `awaitVerdict` does.
 */
export type SendDelegation = (
  execution: Execution,
  delegation: Delegation,
  identity: string,
) => Promise<DelegationRecord | 'closed' | null>;

/** Creates the sender. */
export function createDelegationSender({
  temporal,
  projections,
  signer,
}: {
  temporal: Temporal;
  projections: ProjectionReader;
  signer: Pick<StatementSigner, 'sealDelegation'>;
}): SendDelegation {
  return async (execution, delegation, identity) => {
    const { workflowId } = execution;
    const payload = signer.sealDelegation(execution, delegation);
    const sent = await temporal.signal(workflowId, {
      name: DELEGATE_SIGNAL,
      payload,
      identity,
      requestId: delegation.id,
    });
    if (!sent) return 'closed';
    return awaitVerdict({ temporal, projections }, execution, delegation.id, (now) => recordOf(now, delegation.id));
  };
}

function recordOf({ inquiries }: Execution, id: string): DelegationRecord | undefined {
  return inquiries.flatMap(({ delegations = [] }) => delegations).find(({ delegation }) => delegation.id === id);
}
