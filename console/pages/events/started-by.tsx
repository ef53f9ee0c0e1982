import type { ShownRule } from '../../client/shapes.ts';
import { hrefOf } from '../../routing/location.ts';
import { workflowPath } from '../../routing/paths.ts';

/** What a rule starts; a workflow is a link. */
export function StartedBy({ rule: { workflow, action_ref, version } }: { rule: ShownRule }) {
  if (workflow === null) return <>{action_ref}</>;
  return (
    <>
      <a href={hrefOf(workflowPath(workflow))}>{workflow}</a>
      {version !== null && <span class="soft small"> version {version}</span>}
    </>
  );
}
