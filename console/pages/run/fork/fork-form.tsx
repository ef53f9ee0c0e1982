import type { TargetedEvent } from 'preact';
import { useRead, useStamp } from '../../../client/reads.ts';
import type { Run, TaskListPage, WorkflowRevision } from '../../../client/shapes.ts';
import { go, hrefWith, pageQuery } from '../../../routing/location.ts';
import { workflowPath } from '../../../routing/paths.ts';
import { type ForkPoint, readPoint, writeTask } from './fork-points.ts';
import { lastHappened } from './last-happened.ts';

const POINTS: { point: ForkPoint; name: string; note: string }[] = [
  { point: 'failed', name: 'What failed', note: 'What succeeded is kept.' },
  { point: 'task', name: 'A task', note: 'Its latest visit runs again, and everything that followed from it.' },
  { point: 'event', name: 'An event', note: 'The state after the event is kept; what was open then runs again.' },
  { point: 'start', name: 'The beginning', note: 'Everything runs again, with another input if you like.' },
];

/** Describes a fork. From where it starts, and its version, are part of the address. */
export function ForkForm({
  run,
  tasks,
  from,
  isOpen,
  isBusy,
  plan,
  onInput,
  onReason,
}: {
  run: Run;
  tasks: TaskListPage | undefined;
  from: string;
  /** Whether the run is open: only from an event can it be planned. */
  isOpen: boolean;
  isBusy: boolean;
  plan: (form: HTMLFormElement) => void;
  /** Called when the input is another one, so that a plan is no longer about it. */
  onInput: () => void;
  onReason: () => void;
}) {
  const { point, named } = readPoint(from);
  const visited = listVisited(tasks);
  const choose = (to: string) => go(hrefWith({ from: to, event: null }), { replace: true });
  const first: Record<ForkPoint, string> = {
    failed: 'failed',
    start: 'start',
    task: writeTask(visited.at(-1) ?? ''),
    event: `event:${run.last_event ?? 1}`,
  };

  function submit(event: TargetedEvent<HTMLFormElement, Event>) {
    event.preventDefault();
    if (!isBusy) plan(event.currentTarget);
  }

  return (
    <form class="fork-form" onSubmit={submit} aria-busy={isBusy}>
      <div class="points" role="radiogroup" aria-label="Start from">
        <p class="soft" aria-hidden="true">
          Start from
        </p>
        {POINTS.map(({ point: each, name, note }) => {
          const isPossible = (!isOpen || each === 'event') && (each !== 'task' || visited.length > 0);
          return (
            <div class={each === point ? 'point chosen' : 'point'} key={each}>
              <label>
                <input
                  type="radio"
                  name="point"
                  checked={each === point}
                  disabled={!isPossible}
                  aria-describedby={`point-${each}`}
                  onChange={() => choose(first[each])}
                />
                {name}
              </label>
              <p class="soft small" id={`point-${each}`}>
                {note}
              </p>
            </div>
          );
        })}
      </div>
      <div class="fork-fields">
        {point === 'task' && (
          <label class="field">
            Task
            <select value={named} onChange={({ currentTarget }) => choose(writeTask(currentTarget.value))}>
              {listOptions(visited, named).map((name) => (
                <option key={name} value={name} selected={name === named}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        {point === 'event' && (
          <div class="field">
            <label for="fork-event">Event</label>
            <input
              id="fork-event"
              type="number"
              name="event"
              required
              min={1}
              max={run.last_event ?? undefined}
              step={1}
              value={named}
              aria-describedby="fork-event-note"
              onInput={({ currentTarget }) => choose(`event:${currentTarget.value}`)}
            />
            <p class="soft small" id="fork-event-note">
              <LastHappened run={run} event={Number(named)} />
            </p>
          </div>
        )}
        <VersionChoice run={run} />
        {point === 'start' && (
          <label class="field fork-input">
            Input (JSON)
            <textarea
              name="input"
              rows={6}
              class="mono"
              spellcheck={false}
              defaultValue={run.config === null ? '' : JSON.stringify(run.config, null, 2)}
              placeholder="as it was"
              onInput={onInput}
            />
          </label>
        )}
        <label class="field fork-reason">
          Reason
          <input
            name="reason"
            maxLength={1000}
            autocomplete="off"
            placeholder="optional, recorded with the new run"
            onInput={onReason}
          />
        </label>
      </div>
      <button type="submit" class="button primary" aria-disabled={isBusy}>
        Show plan
      </button>
    </form>
  );
}

/** What last happened to one of the first tasks of a run up to an event. */
function LastHappened({ run, event }: { run: Run; event: number }) {
  const { value, refresh } = useRead<TaskListPage>(`/executions/${run.id}/tasks?limit=500`);
  useStamp(String(run.last_event), refresh);
  return <>{value !== undefined && lastHappened(value.data, event)}</>;
}

/** Chooses the version of the workflow; a workflow that is no longer stored, and an action, have no other one. */
function VersionChoice({ run: { action_ref: ref, version, revision } }: { run: Run }) {
  const { value } = useRead<{ data: WorkflowRevision[] }>(`${workflowPath(ref)}/versions`);
  const chosen = pageQuery.value.get('version') ?? '';
  const versions = [...new Set(value?.data.map((each) => each.version))];
  return (
    <label class="field">
      Version
      <select
        value={chosen}
        onChange={({ currentTarget }) => go(hrefWith({ version: currentTarget.value }), { replace: true })}
      >
        <option value="" selected={chosen === ''}>
          {version === null ? 'As it was' : `As it was: ${version}, revision ${revision}`}
        </option>
        {listOptions(versions, chosen === '' ? versions[0] : chosen).map((each) => (
          <option key={each} value={each} selected={each === chosen}>
            {`Newest revision of ${each}`}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Returns the names of the tasks that a run has visited, in the order of the definition. */
export function listVisited(tasks: TaskListPage | undefined): string[] {
  return Object.entries(tasks?.counts.by_task ?? {})
    .filter(([, { visits }]) => Object.values(visits).some((count) => count > 0))
    .map(([name]) => name);
}

/** Returns the names with the one that is chosen, which an address may have and the list not, or not yet. */
function listOptions(names: readonly string[], chosen: string | undefined): string[] {
  return chosen === undefined || chosen === '' || names.includes(chosen) ? [...names] : [...names, chosen];
}
