import type { ShownEnforcement } from '../../client/shapes.ts';
import { Instant } from '../../parts/time.tsx';
import { hrefOf } from '../../routing/location.ts';
import { StateBadge } from './state-badge.tsx';

/** What has become of a match: the run that it started, or why it has not started one. */
export function EnforcementFact({
  enforcement: { status, execution, duplicate_of: first, not_before: notBefore, reason },
}: {
  enforcement: Pick<ShownEnforcement, 'status' | 'execution' | 'duplicate_of' | 'not_before' | 'reason'>;
}) {
  return (
    <>
      <StateBadge state={status} />
      {execution !== null && (
        <>
          {' '}
          <a href={hrefOf(`/runs/${execution}`)}>run {execution}</a>
        </>
      )}
      {status === 'pending' && notBefore !== null && (
        <span class="soft small">
          {' '}
          not before <Instant at={notBefore} />
        </span>
      )}
      {reason !== null && <span class="soft small"> {reason.message}</span>}
      {first !== null && <span class="soft small"> It repeats enforcement {first}.</span>}
    </>
  );
}
