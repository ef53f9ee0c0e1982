import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useRead } from '../../client/reads.ts';
import { may } from '../../client/session.ts';
import type { ShownWorkflow } from '../../client/shapes.ts';
import { focusHeading, Heading } from '../../parts/heading.tsx';
import { createLazyView } from '../../parts/lazy.tsx';
import { Fact } from '../../parts/lists/fact.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { useDraft } from '../../parts/texts/drafts.ts';
import { Instant } from '../../parts/time.tsx';
import { go, hrefOf } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { workflowPath } from '../../routing/paths.ts';
import { DefinitionGraph, DefinitionText } from './definition-view.tsx';
import { CheckView, type WorkflowDraft, type WorkflowEditing } from './editing/check-view.tsx';
import { LatestRuns } from './runs/latest-runs.tsx';
import { WorkflowRuns } from './runs/workflow-runs.tsx';
import { StartDialog } from './start-dialog.tsx';

const Simulation = createLazyView(
  'simulation',
  async () => (await import('./simulation/simulate-view.tsx')).SimulateView,
);

const Revisions = createLazyView(
  'comparison',
  async () => (await import('./revisions/revisions-view.tsx')).RevisionsView,
);

const Starters = createLazyView('list', async () => (await import('./starters-view.tsx')).StartersView);

/** What each view shows of a workflow, whose path in the API is `path`. */
const VIEWS: {
  id: string;
  name: string;
  show: (workflow: ShownWorkflow, path: string, editing: WorkflowEditing) => ComponentChildren;
}[] = [
  { id: 'graph', name: 'Graph', show: ({ ref }, path) => <DefinitionGraph path={path} title={ref} /> },
  { id: 'definition', name: 'Definition', show: (_, path) => <DefinitionText path={path} /> },
  { id: 'simulate', name: 'Simulate', show: (workflow, path) => <Simulation workflow={workflow} path={path} /> },
  {
    id: 'check',
    name: 'Check',
    show: (workflow, path, editing) => <CheckView workflow={workflow} path={path} editing={editing} />,
  },
  { id: 'revisions', name: 'Revisions', show: (_, path) => <Revisions path={path} /> },
  { id: 'runs', name: 'Runs', show: ({ ref }) => <WorkflowRuns workflow={ref} /> },
  { id: 'starts', name: 'Started by', show: ({ ref }) => <Starters workflow={ref} /> },
];

/**
 * One workflow: how its latest runs went, its graph, its text and how that has changed, what it would do, a way to change it, its runs,
 * what starts them, and a way to start one.
 */
export function WorkflowPage({ of, tab }: PageProps) {
  const path = workflowPath(of);
  const { value, error, reload } = useRead<{ data: ShownWorkflow }>(path);
  const [isStarting, setStarting] = useState(false);
  // A text that was changed is there again after a look at another view.
  const [draft, setDraft] = useDraft<WorkflowDraft>(path);
  const workflow = value?.data;
  const choose = (view: string) => go(hrefOf(`${path}/${view}`), { stay: true });
  function afterStore(text: string, isShown: boolean) {
    reload();
    // Somebody may have left the editor meanwhile, and have begun another change.
    setDraft((kept) => (kept?.text === text ? null : kept));
    if (!isShown) return;
    choose('definition');
    // The button that was pressed is gone.
    focusHeading();
  }
  const chosen = VIEWS.find(({ id }) => id === tab) ?? VIEWS[0]!;
  return (
    <div class="page">
      <div class="title-row">
        <div>
          <p class="small">
            <a href={hrefOf('/workflows')}>Workflows</a>
          </p>
          <Heading title={of} />
        </div>
        <div class="acts">
          {workflow !== undefined && may('workflow:write') && (
            <a class="button" href={hrefOf(`${path}/check`)}>
              Edit definition
            </a>
          )}
          {workflow?.enabled && may('execution:execute') && (
            <button type="button" class="button primary" onClick={() => setStarting(true)}>
              Start a run
            </button>
          )}
        </div>
      </div>
      {error !== null && <ReadError what="The workflow could not be read" error={error} retry={reload} />}
      {workflow === undefined && error === null && <Loading of="the workflow" />}
      {workflow !== undefined && (
        <>
          <Facts workflow={workflow} />
          {may('execution:read') && <LatestRuns workflow={workflow.ref} />}
          <div>
            <Tabs label="Workflow views" tabs={VIEWS} chosen={chosen.id} choose={choose}>
              {chosen.show(workflow, path, { draft, keepDraft: setDraft, onStored: afterStore })}
            </Tabs>
          </div>
          {isStarting && <StartDialog of={workflow} close={() => setStarting(false)} />}
        </>
      )}
    </div>
  );
}

function Facts({ workflow }: { workflow: ShownWorkflow }) {
  const { label, description, version, revision, updated, enabled } = workflow;
  return (
    <div class="about">
      <p class="strong">{label}</p>
      {description !== null && <p class="soft">{description}</p>}
      <dl class="facts">
        <Fact name="Version">
          {version}, revision {revision}
        </Fact>
        <Fact name="Updated">
          <Instant at={updated} />
        </Fact>
        {!enabled && (
          <Fact name="Note" isSilent>
            disabled: no run can be started
          </Fact>
        )}
      </dl>
    </div>
  );
}
