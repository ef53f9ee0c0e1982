import { isClosed } from '../../../model/status.ts';
import { session } from '../../client/session.ts';
import type { Run } from '../../client/shapes.ts';
import { Badge } from '../../parts/badge.tsx';
import { Glyph } from '../../parts/glyph.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Fact } from '../../parts/lists/fact.tsx';
import { Duration, Instant } from '../../parts/time.tsx';
import { hrefOf } from '../../routing/location.ts';
import { rulePath, workflowPath } from '../../routing/paths.ts';
import type { Intent } from './act-dialog.tsx';
import { listActs } from './acts.ts';

/** What a run is, how it stands, and what can be done with it. */
export function RunHead({ run, begin }: { run: Run; begin: (intent: Intent) => void }) {
  const acts = listActs(run);
  return (
    <header class="run-head">
      <div class="title-row">
        <div>
          <p class="small">
            <a href={hrefOf('/runs')}>Runs</a>
          </p>
          <Heading title={`${run.action_ref} ${run.id}`}>
            {run.action_ref} <span class="run-id">{run.id}</span>
          </Heading>
        </div>
        {acts.length > 0 && (
          <div class="acts" role="toolbar" aria-label="Run controls">
            {acts.map((act) => (
              <button
                type="button"
                class="button"
                key={act.name}
                onClick={() => begin({ act, place: { id: run.id }, given: {} })}
              >
                {act.word}
              </button>
            ))}
          </div>
        )}
      </div>
      <Facts run={run} />
    </header>
  );
}

function Facts({ run }: { run: Run }) {
  const {
    id,
    state,
    created,
    updated,
    version,
    mode,
    parent,
    retry_of,
    retry_reason,
    retried_as,
    tags,
    schedule,
    cause,
  } = run;
  const ended = isClosed(state) ? updated : null;
  return (
    <dl class="facts">
      <div>
        <dt class="hidden">Status</dt>
        <dd>
          <span class="hidden">Status </span>
          <Badge state={state} />
        </dd>
      </div>
      <Fact name="Started">
        <Instant at={created} />
      </Fact>
      <Fact name={ended === null ? 'Running for' : 'Took'}>
        <Duration from={created} to={ended} />
      </Fact>
      {version !== null && (
        <Fact name="Version">
          <a href={hrefOf(workflowPath(run.action_ref))}>{version}</a>
        </Fact>
      )}
      {mode !== 'manual' && (
        <Fact name="Started by">{cause == null ? (schedule ?? mode) : <Cause cause={cause} />}</Fact>
      )}
      {tags.length > 0 && <Fact name="Tags">{tags.join(', ')}</Fact>}
      {parent !== null && (
        <Fact name="Part of">
          <a href={hrefOf(`/runs/${parent}`)}>run {parent}</a>
        </Fact>
      )}
      {retry_of !== null && (
        <Fact name="Link" isSilent>
          <a href={hrefOf(`/runs/${retry_of}`)}>Retry of {retry_of}</a>
        </Fact>
      )}
      {retry_reason !== null && <Fact name="Reason">{retry_reason}</Fact>}
      {retried_as.map((other) => (
        <Fact key={other} name="Link" isSilent>
          <a href={hrefOf(`/runs/${other}`)}>Retried as {other}</a>
        </Fact>
      ))}
      <TemporalLink key={id} run={run} />
    </dl>
  );
}

/** The rule that has started a run, and the event that it matches. */
function Cause({ cause: { rule_ref: rule, event } }: { cause: NonNullable<Run['cause']> }) {
  return (
    <>
      <a href={hrefOf(rulePath(rule))}>{rule}</a>, <a href={hrefOf(`/events/${event}`)}>event {event}</a>
    </>
  );
}

function TemporalLink({ run }: { run: Run }) {
  const template = session.value?.temporal_ui ?? null;
  if (template === null) return null;
  const href = template
    .replace('{workflow_id}', encodeURIComponent(run.workflow_id))
    .replace('{run_id}', encodeURIComponent(run.run_id));
  return (
    <Fact name="Link" isSilent>
      <a href={href} target="_blank" rel="noreferrer">
        Open in Temporal UI
        <Glyph of="outside" size={12} />
      </a>
    </Fact>
  );
}
