import type { ReadState } from '../../client/reads.ts';
import { may, mayStartAgain } from '../../client/session.ts';
import type { Run, RunExplanation } from '../../client/shapes.ts';
import { ReadError } from '../../parts/read-error.tsx';
import { hrefOf } from '../../routing/location.ts';
import type { Intent } from './act-dialog.tsx';
import { actNamed } from './acts.ts';

type Advice = RunExplanation['advice'][number];

/** Says what a run waits for and what would move it, with the act that does; nothing for a run that needs nothing. */
export function NextSteps({
  run,
  reading,
  begin,
}: {
  run: Run;
  reading: ReadState<{ data: RunExplanation }>;
  begin: (intent: Intent) => void;
}) {
  const { value, error, reload } = reading;
  if (error !== null) return <ReadError what="What happens next could not be read" error={error} retry={reload} />;
  if (value === undefined || value.data.advice.length + value.data.blocked_by.length === 0) return null;
  const { advice, blocked_by: joins } = value.data;
  return (
    <section class="card next" aria-labelledby="next-title">
      <h2 id="next-title">What happens next</h2>
      <ul>
        {advice.map((each) => (
          <li key={each.text}>
            <p>{each.text}</p>
            <Step run={run} advice={each} begin={begin} />
          </li>
        ))}
        {joins.map(({ task, arrived, needed, missing }) => (
          <li key={task}>
            <p>
              "{task}" waits for {needed - arrived.length} more: {missing.join(', ')}.
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The act that an advice names, as a button; what is to be read, as a link. */
function Step({
  run,
  advice: { method, href, body },
  begin,
}: {
  run: Run;
  advice: Advice;
  begin: (intent: Intent) => void;
}) {
  const [, inquiry] = /^\/api\/v1\/inquiries\/([^/]+)\/respond$/.exec(href ?? '') ?? [];
  if (inquiry !== undefined) {
    return (
      <a class="button primary" href={hrefOf(`/inbox/${inquiry}`)}>
        See the question
      </a>
    );
  }
  const [, id, rest = ''] = /^\/api\/v1\/executions\/(\d+)\/(.+)$/.exec(href ?? '') ?? [];
  if (id === undefined) return null;
  if (method === 'GET') {
    return (
      <a class="button" href={hrefOf(`/runs/${id}`)}>
        See run {id}
      </a>
    );
  }
  const [, key] = /^tasks\/([^/]+)\/skip$/.exec(rest) ?? [];
  const act = actNamed(key === undefined ? rest : 'skip');
  if (act === undefined || !(act.name === 'retry' ? mayStartAgain(run) : may('execution:execute'))) return null;
  const place = { id: Number(id), ...(key === undefined ? {} : { task: decodeURIComponent(key) }) };
  return (
    <button type="button" class="button primary" onClick={() => begin({ act, place, given: body ?? {} })}>
      {act.word}
    </button>
  );
}
