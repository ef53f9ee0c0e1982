import type { ComponentChildren, RefObject } from 'preact';
import { useMemo } from 'preact/hooks';
import type { PlannedRetry } from '../../../../model/retry-plan.ts';
import type { Run, RunGraph } from '../../../client/shapes.ts';
import { Canvas } from '../../../graph/canvas.tsx';
import { Badge } from '../../../parts/badge.tsx';
import { Glyph } from '../../../parts/glyph.tsx';
import { Instant } from '../../../parts/time.tsx';
import { countText, numberText } from '../../../parts/words.ts';
import { hrefOf, hrefWith } from '../../../routing/location.ts';
import { workflowPath } from '../../../routing/paths.ts';
import { Difference } from '../../workflows/revisions/difference.tsx';
import { openTask } from '../graph/graph-view.tsx';
import { listFates } from './fates.ts';
import { PlanTable } from './plan-table.tsx';

const NONE: ReadonlySet<string> = new Set();

/** The plan of a fork; `children` starts it. */
export function PlanView({
  run,
  plan,
  graph,
  title,
  children,
}: {
  run: Run;
  plan: PlannedRetry;
  graph: RunGraph | undefined;
  title: RefObject<HTMLHeadingElement | null>;
  children: ComponentChildren;
}) {
  const { counts, problems, base, target, kept, again, dropped } = plan;
  // The picture is drawn again when these are others.
  const fates = useMemo(() => (graph === undefined ? null : listFates(plan, graph)), [plan, graph]);
  return (
    <section class="plan" aria-labelledby="plan-title">
      <div class="plan-head">
        <div>
          <h2 id="plan-title" ref={title} tabIndex={-1}>
            Plan
          </h2>
          <p>
            {countText(counts.again, 'task')} {counts.again === 1 ? 'runs' : 'run'} again, {numberText(counts.kept)}{' '}
            {counts.kept === 1 ? 'is' : 'are'} kept, {numberText(counts.dropped)} {counts.dropped === 1 ? 'is' : 'are'}{' '}
            dropped. <Ending plan={plan} />
          </p>
        </div>
        {children}
      </div>
      {problems.length > 0 && <Problems problems={problems} />}
      <Effects plan={plan} />
      <Questions plan={plan} />
      {graph !== undefined && (
        <Canvas title={run.action_ref} graph={graph} work={fates} taken={NONE} selected={null} open={openTask} />
      )}
      <PlanTable
        name="Runs again"
        columns={['Was', 'Why', 'Input']}
        total={counts.again}
        rows={again.map(({ why, input, ...row }) => ({ ...row, why, input: input?.text ?? '' }))}
      />
      <PlanTable
        name="Kept"
        columns={['Was']}
        total={counts.kept}
        rows={kept.map((row) => ({ ...row, was: row.status }))}
      />
      <PlanTable name="Dropped" columns={['Was', 'Why']} total={counts.dropped} rows={dropped} />
      {base.definition_hash !== target.definition_hash && (
        <>
          <h3>What is different in {target.version}</h3>
          <Difference path={workflowPath(run.action_ref)} from={base.revision} to={target.revision} />
        </>
      )}
    </section>
  );
}

/** How the new run would end, as far as earlier outputs tell. */
function Ending({ plan: { simulated } }: { plan: PlannedRetry }) {
  if (simulated === null) return null;
  if (simulated.status === 'running') return <>Played with the earlier outputs, it would wait for something.</>;
  return <>Played with the earlier outputs, it would end as {simulated.status}.</>;
}

function Problems({ problems }: Pick<PlannedRetry, 'problems'>) {
  return (
    <div class="trouble" role="alert">
      <Glyph of="warning" />
      <div>
        <p class="strong">It cannot be started</p>
        <ul class="issues" aria-label="Problems">
          {problems.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {message}
              {path !== '' && <code class="soft small">{path}</code>}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** Work that has happened outside, and may happen a second time. */
function Effects({ plan: { effects, counts } }: { plan: PlannedRetry }) {
  if (counts.effects === 0) {
    return <p class="soft">Nothing that has happened outside of Fermata would happen again.</p>;
  }
  return (
    <section class="effects card" aria-labelledby="effects-title">
      <h3 id="effects-title">Effects that may repeat</h3>
      <ul aria-labelledby="effects-title">
        {effects.map(({ key, action_ref, idempotent, attempts, ended, last_error }) => (
          <li key={key}>
            <Badge state={idempotent ? 'completed' : 'abandoned'} word={idempotent ? 'safe to repeat' : 'not safe'} />
            <p>
              <a href={hrefWith({ task: key })}>{key}</a> <span class="soft">{action_ref}</span>
            </p>
            <p class="soft">
              {countText(attempts, 'attempt')}
              {ended !== null && (
                <>
                  , ended <Instant at={ended} />
                </>
              )}
              {last_error !== null && `: ${last_error.type}, ${last_error.message}`}
            </p>
          </li>
        ))}
      </ul>
      {counts.effects > effects.length && <p class="soft">And {numberText(counts.effects - effects.length)} more.</p>}
    </section>
  );
}

/** Which decisions of people are kept, and which questions are asked again. */
function Questions({ plan: { inquiries } }: { plan: PlannedRetry }) {
  const parts: [words: string, ids: string[]][] = [
    ['Decisions that are kept', inquiries.kept],
    ['Questions that are asked again', inquiries.asked_again],
  ];
  return (
    <>
      {parts.map(
        ([words, ids]) =>
          ids.length > 0 && (
            <p key={words}>
              {words}:{' '}
              {ids.map((id, at) => (
                <span key={id}>
                  {at > 0 && ', '}
                  <a href={hrefOf(`/inbox/${encodeURIComponent(id)}`)}>{id}</a>
                </span>
              ))}
              .
            </p>
          ),
      )}
    </>
  );
}
