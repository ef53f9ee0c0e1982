import { useEffect, useRef, useState } from 'preact/hooks';
import type { PlannedRetry } from '../../../../model/retry-plan.ts';
import { isClosed, isSuccessful } from '../../../../model/status.ts';
import { randomKey } from '../../../client/keys.ts';
import type { ReadState } from '../../../client/reads.ts';
import { RequestError } from '../../../client/request-error.ts';
import type { Run, RunGraph, TaskListPage } from '../../../client/shapes.ts';
import { readJsonText } from '../../../parts/forms/json-text.ts';
import { markWrong } from '../../../parts/forms/wrong-control.ts';
import { Glyph } from '../../../parts/glyph.tsx';
import { announce } from '../../../parts/notice.ts';
import { go, hrefOf, hrefWith, pageQuery } from '../../../routing/location.ts';
import { ForkForm, listVisited } from './fork-form.tsx';
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
  const [planned, setPlanned] = useState<Planned | null>(null);
  const [stale, setStale] = useState<StalePlanNotice | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const renewal = useRef<HTMLButtonElement>(null);
  const isOpen = !isClosed(run.state);
  const from = chosenFrom(run, tasks.value);
  const version = pageQuery.value.get('version');
  const described = `${run.id} ${from} ${version}`;
  // Counts the forks that were described: an answer about an earlier one is dropped.
  const turn = useRef(0);
  const shown = useRef<number | null>(null);
  useEffect(() => {
    shown.current = run.id;
    return () => {
      shown.current = null;
    };
  }, [run.id]);
  const clear = () => {
    turn.current += 1;
    setPlanned(null);
    setStale(null);
    setRefusal(null);
  };
  // A plan is about what was described when it was made.
  useEffect(clear, [described]);
  useEffect(() => title.current?.focus(), [planned?.plan.hash, planned?.fork]);
  // The button that was pressed is gone.
  useEffect(() => {
    if (stale !== null && document.activeElement === document.body) renewal.current?.focus();
  }, [stale]);

  /** Does one thing at a time, and shows what it answers, or why it was refused, unless another fork is described by then. */
  async function act<Answer>(work: () => Promise<Answer>, show: (answer: Answer) => void) {
    const mine = turn.current;
    const isLate = () => turn.current !== mine;
    setBusy(true);
    setRefusal(null);
    try {
      const answer = await work();
      if (!isLate()) show(answer);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (isLate()) return;
      setRefusal(error.message);
      if (form.current) markWrong(form.current, error.control);
    } finally {
      setBusy(false);
    }
  }

  function plan(element: HTMLFormElement) {
    form.current = element;
    void act(
      async () => {
        const fork = readFork(element, from, version);
        setStale(null);
        // An address that follows an open run would describe another fork in a moment.
        go(hrefWith({ from, event: null }), { replace: true });
        return { fork, plan: await planFork(path, fork), key: randomKey() };
      },
      (answer) => setPlanned(answer),
    );
  }

  function start({ fork, plan: { hash }, key }: Planned) {
    if (isBusy || hash === null) return;
    const reason = String(new FormData(form.current!).get('reason')).trim();
    void act(
      async () => {
        const answer = await startFork(path, fork, { hash, reason, key });
        if ('plan' in answer) return answer;
        // The run exists, whatever is described or looked at by now.
        announce('A new run continues from here.');
        if (shown.current === run.id) go(hrefOf(`/runs/${answer.id}`));
        return null;
      },
      (answer) => setStale(answer),
    );
  }

  function showNew({ plan: now }: StalePlanNotice) {
    setPlanned((before) => before && { fork: { ...before.fork }, plan: now, key: randomKey() });
    setStale(null);
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
        plan={plan}
        onInput={clear}
        // A start with another reason is another request.
        onReason={() => setPlanned((before) => before && { ...before, key: randomKey() })}
      />
      {refusal !== null && (
        <p class="trouble" role="alert">
          <Glyph of="warning" />
          <span>{refusal}</span>
        </p>
      )}
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
            <button type="button" class="button primary" aria-disabled={isBusy} onClick={() => start(planned)}>
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
  return isSuccessful(run.state) ? (listVisited(tasks).at(-1) ?? 'start') : 'failed';
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
