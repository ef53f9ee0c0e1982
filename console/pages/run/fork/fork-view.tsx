import { useLayoutEffect, useRef } from 'preact/hooks';
import type { PlannedRetry } from '../../../../model/retry-plan.ts';
import { isClosed, isSuccessful } from '../../../../model/status.ts';
import { randomKey } from '../../../client/keys.ts';
import type { ReadState } from '../../../client/reads.ts';
import type { Run, RunGraph, TaskListPage } from '../../../client/shapes.ts';
import { readJsonText } from '../../../parts/forms/json-text.ts';
import { RefusalNote } from '../../../parts/forms/refusal-note.tsx';
import { useSubmission } from '../../../parts/forms/submission.ts';
import { Glyph } from '../../../parts/glyph.tsx';
import { announce } from '../../../parts/notice.ts';
import { go, hrefOf, hrefWith, pageQuery } from '../../../routing/location.ts';
import { ForkForm, listVisited } from './fork-form.tsx';
import { writeTask } from './fork-points.ts';
import { changedText, type ForkRequest, planFork, type StalePlanNotice, startFork } from './fork-request.ts';
import { PlanView } from './plan-view.tsx';

/** A fork that was planned. */
interface Planned {
  /** The request that the plan is for. */
  fork: ForkRequest;
  plan: PlannedRetry;
  /** Makes its start safe to repeat. */
  key: string;
}

/** Starts a new run from a place in this one, after a look at what that would do. */
export function ForkView({
  run,
  path,
  graph,
  tasks,
}: {
  run: Run;
  path: string;
  graph: ReadState<{ data: RunGraph }>;
  tasks: ReadState<TaskListPage>;
}) {
  const planning = useSubmission(plan);
  const starting = useSubmission(start);
  const { answer: planned, show: setPlanned } = planning;
  const stale = starting.answer;
  const isBusy = planning.isBusy || starting.isBusy;
  const form = useRef<HTMLFormElement | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const renewal = useRef<HTMLButtonElement>(null);
  const isOpen = !isClosed(run.state);
  const from = chosenFrom(run, tasks.value);
  const version = pageQuery.value.get('version');
  const described = `${run.id} ${from} ${version}`;
  const clear = () => {
    planning.drop();
    starting.drop();
  };
  // A plan is about what was described when it was made.
  useLayoutEffect(clear, [described]);
  useLayoutEffect(() => title.current?.focus(), [planned?.plan.hash, planned?.fork]);
  // The button that was pressed is gone.
  useLayoutEffect(() => {
    if (stale !== null && document.activeElement === document.body) renewal.current?.focus();
  }, [stale]);

  async function plan(element: HTMLFormElement): Promise<Planned> {
    form.current = element;
    const fork = readFork(element, from, version);
    starting.drop();
    // An address that follows an open run would describe another fork in a moment.
    go(hrefWith({ from, event: null }), { replace: true });
    return { fork, plan: await planFork(path, fork), key: randomKey() };
  }

  async function start(element: HTMLFormElement, isShown: () => boolean): Promise<StalePlanNotice | null> {
    const { fork, plan: shownPlan, key } = planned!;
    const reason = String(new FormData(element).get('reason')).trim();
    const answer = await startFork(path, fork, { hash: shownPlan.hash!, reason, key });
    if ('plan' in answer) return answer;
    // The run exists, whatever is described or looked at by now.
    announce('A new run continues from here.');
    if (isShown()) go(hrefOf(`/runs/${answer.id}`));
    return null;
  }

  function showNew({ plan: now }: StalePlanNotice) {
    setPlanned((before) => before && { fork: { ...before.fork }, plan: now, key: randomKey() });
    starting.drop();
  }

  return (
    <div class="fork">
      {isOpen && (
        <p class="soft">
          This run is open. A fork can be planned from an event, and be started once the run has ended.
        </p>
      )}
      <ForkForm
        run={run}
        tasks={tasks.value}
        from={from}
        isOpen={isOpen}
        isBusy={isBusy}
        plan={planning.submit}
        onInput={clear}
        // A start with another reason is another request.
        onReason={() => setPlanned((before) => before && { ...before, key: randomKey() })}
      />
      <RefusalNote of={planning.refusal ?? starting.refusal} />
      {stale !== null && (
        <div class="trouble" role="alert">
          <Glyph of="warning" />
          <div>
            <p class="strong">The plan is out of date</p>
            <p>{changedText(stale.changed)} Nothing was started.</p>
            <button type="button" class="button" ref={renewal} onClick={() => showNew(stale)}>
              Show the new plan
            </button>
          </div>
        </div>
      )}
      {planned !== null && (
        <PlanView run={run} plan={planned.plan} graph={graph.value?.data} title={title}>
          {planned.plan.hash !== null && stale === null && (
            <button
              type="button"
              class="button primary"
              aria-disabled={isBusy}
              onClick={() => isBusy || starting.submit(form.current!)}
            >
              Start fork
            </button>
          )}
        </PlanView>
      )}
    </div>
  );
}

/** Returns from where the address says to start; else from what failed, or from where there is something to do again. */
function chosenFrom(run: Run, tasks: TaskListPage | undefined): string {
  const query = pageQuery.value;
  const [from, event] = [query.get('from'), query.get('event')];
  if (from !== null) return from;
  if (event !== null) return `event:${event}`;
  if (!isClosed(run.state)) return `event:${run.last_event ?? 1}`;
  if (!isSuccessful(run.state)) return 'failed';
  const last = listVisited(tasks).at(-1);
  return last === undefined ? 'start' : writeTask(last);
}

/**
 * Reads what a form describes; an input that is as it was filled in is that of the run, with values that are not shown. Throws a RequestError
 * for an input that is not JSON.
 */
function readFork(form: HTMLFormElement, from: string, version: string | null): ForkRequest {
  const field = form.querySelector<HTMLTextAreaElement>('textarea[name=input]');
  const isEdited = field !== null && field.value !== field.defaultValue;
  const input = isEdited ? readJsonText(field.value, { name: 'input', label: 'Input' }, undefined) : undefined;
  return { from, ...(version ? { version } : {}), ...(input === undefined ? {} : { input }) };
}
