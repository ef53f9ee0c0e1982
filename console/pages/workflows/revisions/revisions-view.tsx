import { useRead } from '../../../client/reads.ts';
import type { WorkflowRevision } from '../../../client/shapes.ts';
import { Loading } from '../../../parts/loading.tsx';
import { ReadError } from '../../../parts/read-error.tsx';
import { go, hrefWith, pageQuery } from '../../../routing/location.ts';
import { Difference } from './difference.tsx';

/** The revisions of a workflow, of which two are compared: the newest with the one before it, until others are chosen. */
export function RevisionsView({ path }: { path: string }) {
  const { value, error, reload } = useRead<{ data: WorkflowRevision[] }>(`${path}/versions`);
  if (error !== null) return <ReadError what="The revisions could not be read" error={error} retry={reload} />;
  if (value === undefined) return <Loading of="the revisions" />;
  const revisions = value.data;
  const chosen = (name: string, otherwise: number) =>
    revisions.find(({ revision }) => String(revision) === pageQuery.value.get(name)) ?? revisions[otherwise]!;
  const to = chosen('to', 0);
  const from = chosen('from', Math.min(1, revisions.length - 1));
  return (
    <>
      <div class="compared">
        <RevisionChoice label="From revision" name="from" revisions={revisions} chosen={from} />
        <RevisionChoice label="To revision" name="to" revisions={revisions} chosen={to} />
      </div>
      {revisions.length === 1 && <p class="soft">The workflow has not been changed since it was stored.</p>}
      {from.revision === to.revision ? (
        revisions.length > 1 && <p class="soft">These are the same revision.</p>
      ) : (
        <Difference path={path} from={from.revision} to={to.revision} />
      )}
    </>
  );
}

function RevisionChoice({
  label,
  name,
  revisions,
  chosen,
}: {
  label: string;
  name: 'from' | 'to';
  revisions: readonly WorkflowRevision[];
  chosen: WorkflowRevision;
}) {
  return (
    <label class="field">
      {label}
      <select
        value={chosen.revision}
        onChange={({ currentTarget }) => go(hrefWith({ [name]: currentTarget.value }), { replace: true })}
      >
        {revisions.map(({ revision, version, created }) => (
          <option key={revision} value={revision} selected={revision === chosen.revision}>
            {`${revision}: version ${version}, ${new Date(created).toLocaleString()}`}
          </option>
        ))}
      </select>
    </label>
  );
}
