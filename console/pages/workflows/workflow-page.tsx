import { useState } from 'preact/hooks';
import { useRead } from '../../client/reads.ts';
import { requestText } from '../../client/request.ts';
import { may } from '../../client/session.ts';
import type { RunGraph, ShownWorkflow } from '../../client/shapes.ts';
import { Canvas } from '../../graph/canvas.tsx';
import { Heading } from '../../parts/heading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { type Tab, Tabs } from '../../parts/tabs.tsx';
import { Instant } from '../../parts/time.tsx';
import { go, hrefOf, hrefWith, pageQuery } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { StartDialog } from './start-dialog.tsx';

const VIEWS: Tab[] = [
  { id: 'graph', name: 'Graph' },
  { id: 'definition', name: 'Definition' },
];
const NONE: ReadonlySet<string> = new Set();

/** One workflow: its graph, its definition as text, and a way to start it. */
export function WorkflowPage({ of, tab }: PageProps) {
  const path = `/workflows/${encodeURIComponent(of)}`;
  const { value, error, reload } = useRead<{ data: ShownWorkflow }>(path);
  const [isStarting, setStarting] = useState(false);
  const workflow = value?.data;
  const chosen = tab === '' ? 'graph' : tab;
  return (
    <div class="page">
      <div class="title-row">
        <div>
          <p class="small">
            <a href={hrefOf('/workflows')}>Workflows</a>
          </p>
          <Heading title={of} />
        </div>
        {workflow?.enabled && may('execution:execute') && (
          <button type="button" class="button primary" onClick={() => setStarting(true)}>
            Start a run
          </button>
        )}
      </div>
      {error !== null && <ReadError what="The workflow could not be read" error={error} retry={reload} />}
      {workflow === undefined && error === null && (
        <div class="bone tall" role="status" aria-label="Loading the workflow" aria-busy="true" />
      )}
      {workflow !== undefined && (
        <>
          <Facts workflow={workflow} />
          <div>
            <Tabs
              label="Workflow views"
              tabs={VIEWS}
              chosen={chosen}
              choose={(view) => go(hrefOf(`/workflows/${encodeURIComponent(of)}/${view}`), { stay: true })}
            >
              {chosen === 'graph' ? <DefinitionGraph path={path} title={of} /> : <Source path={path} />}
            </Tabs>
          </div>
          {isStarting && <StartDialog workflow={workflow} close={() => setStarting(false)} />}
        </>
      )}
    </div>
  );
}

function Facts({ workflow }: { workflow: ShownWorkflow }) {
  const { ref, label, description, version, revision, updated, enabled } = workflow;
  return (
    <div class="about">
      <p class="strong">{label}</p>
      {description !== null && <p class="soft">{description}</p>}
      <dl class="facts">
        <div>
          <dt class="soft">Version</dt>
          <dd>
            {version}, revision {revision}
          </dd>
        </div>
        <div>
          <dt class="soft">Updated</dt>
          <dd>
            <Instant at={updated} />
          </dd>
        </div>
        {!enabled && (
          <div>
            <dt class="hidden">Note</dt>
            <dd>disabled: no run can be started</dd>
          </div>
        )}
        <div>
          <dt class="hidden">Runs</dt>
          <dd>
            <a href={hrefOf('/runs', { workflow: ref })}>See its runs</a>
          </dd>
        </div>
      </dl>
    </div>
  );
}

function DefinitionGraph({ path, title }: { path: string; title: string }) {
  const { value, error, reload } = useRead<{ data: RunGraph }>(`${path}/graph?layout=1`);
  if (error !== null) return <ReadError what="The graph could not be read" error={error} retry={reload} />;
  if (value === undefined)
    return <div class="bone tall" role="status" aria-label="Loading the graph" aria-busy="true" />;
  return <Canvas title={title} graph={value.data} work={null} taken={NONE} selected={null} open={() => {}} />;
}

/** The definition as text with numbered lines. */
function Source({ path }: { path: string }) {
  const format = pageQuery.value.get('format') === 'json' ? 'json' : 'yaml';
  const { value, error, reload } = useRead(`${path}/source?format=${format}`, requestText);
  return (
    <>
      <div class="formats" role="radiogroup" aria-label="Format">
        {(['yaml', 'json'] as const).map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="format"
              checked={each === format}
              onChange={() => go(hrefWith({ format: each === 'yaml' ? null : each }), { replace: true })}
            />
            {each.toUpperCase()}
          </label>
        ))}
      </div>
      {error !== null && <ReadError what="The definition could not be read" error={error} retry={reload} />}
      {error === null && value === undefined && (
        <div class="bone tall" role="status" aria-label="Loading the definition" aria-busy="true" />
      )}
      {error === null && value !== undefined && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields of a form
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the keyboard
        <pre class="source" tabIndex={0} role="group" aria-label="Definition">
          {value
            .trimEnd()
            .split('\n')
            .map((line, index) => (
              <span key={index}>{`${line}\n`}</span>
            ))}
        </pre>
      )}
    </>
  );
}
