import type { ShownEnforcement } from '../../client/shapes.ts';
import { hrefOf } from '../../routing/location.ts';

/** What has become of a match: the run that it started, or why it has not started one. */
export function EnforcementFact({
  enforcement: { status, execution, duplicate_of: first, reason },
}: {
  enforcement: Pick<ShownEnforcement, 'status' | 'execution' | 'duplicate_of' | 'reason'>;
}) {
  return (
    <>
      {status}
      {execution !== null && (
        <>
          {' '}
          <a href={hrefOf(`/runs/${execution}`)}>run {execution}</a>
        </>
      )}
      {reason !== null && <span class="soft small"> {reason.message}</span>}
      {first !== null && <span class="soft small"> It repeats enforcement {first}.</span>}
    </>
  );
}
