import { useRef, useState } from 'preact/hooks';
import { randomKey } from '../../client/keys.ts';
import { useRead } from '../../client/reads.ts';
import { request } from '../../client/request.ts';
import { RequestError } from '../../client/request-error.ts';
import { may, mayStartAction } from '../../client/session.ts';
import type { ListPage, ShownSchedule } from '../../client/shapes.ts';
import { Heading } from '../../parts/heading.tsx';
import { ListCell, Listing } from '../../parts/lists/listing.tsx';
import { announce } from '../../parts/notice.ts';
import { Instant } from '../../parts/time.tsx';
import { hrefOf, pageQuery, ROOT } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';
import { workflowPath } from '../../routing/paths.ts';
import { doneText, failedText, type ScheduleVerb } from './schedule-acts.ts';
import { ScheduleNameCell, ScheduleTimeCells } from './schedule-cells.tsx';

const COLUMNS = ['Schedule', 'Starts', 'When', 'Next', 'Last'];

/** The schedules, each with what it starts and when, and ways to pause it and to start it now. */
export function SchedulesPage() {
  const reading = useRead<ListPage<ShownSchedule>>(pagePath('/schedules', pageQuery.value));
  const canAct = may('execution:execute');
  return (
    <div class="page">
      <Heading title="Schedules" />
      <Listing
        name="Schedules"
        noun="schedule"
        class="schedules"
        reading={reading}
        columns={canAct ? [...COLUMNS, 'Controls'] : COLUMNS}
        keyOf={({ id }) => id}
        empty={<NoSchedules />}
        row={(schedule) => (
          <>
            <ScheduleNameCell schedule={schedule}>
              <ScheduleNotes schedule={schedule} />
            </ScheduleNameCell>
            <ListCell of="Starts">
              {schedule.revision === 0 ? (
                schedule.workflow
              ) : (
                <a href={hrefOf(workflowPath(schedule.workflow))}>{schedule.workflow}</a>
              )}
            </ListCell>
            <ScheduleTimeCells schedule={schedule} />
            <ListCell of="Last" class="time-cell">
              <LastRun schedule={schedule} />
            </ListCell>
            {canAct && (
              <ListCell class="acts-cell">
                <Controls schedule={schedule} onDone={reading.reload} />
              </ListCell>
            )}
          </>
        )}
      />
    </div>
  );
}

function ScheduleNotes({ schedule: { note, paused, state_note: why } }: { schedule: ShownSchedule }) {
  return (
    <>
      {note !== null && <p class="soft small">{note}</p>}
      {paused && why !== null && <p class="soft small">{why}</p>}
    </>
  );
}

function LastRun({ schedule: { recent } }: { schedule: ShownSchedule }) {
  const last = recent.reduce<(typeof recent)[number] | undefined>(
    (latest, each) => (latest === undefined || each.started > latest.started ? each : latest),
    undefined,
  );
  if (last === undefined) return <>not yet</>;
  return (
    <>
      <Instant at={last.started} /> <a href={hrefOf(`/runs/${last.execution}`)}>run {last.execution}</a>
    </>
  );
}

/** The acts on a schedule. The button that pauses it is the one that resumes it, so that the focus stays. */
function Controls({ schedule, onDone }: { schedule: ShownSchedule; onDone: () => void }) {
  const { id, workflow, revision, paused } = schedule;
  const [isActing, setActing] = useState(false);
  // A trigger whose answer is lost is the same one when it is tried again.
  const key = useRef(randomKey());

  async function act(verb: ScheduleVerb, { detail }: MouseEvent) {
    // The second click of a double click is none.
    if (isActing || detail > 1) return;
    setActing(true);
    try {
      const headers = verb === 'trigger' ? { 'idempotency-key': key.current } : {};
      const path = `/schedules/${encodeURIComponent(id)}/${verb}`;
      const { data } = await request<{ data: { triggered?: { execution: number } } }>(path, {
        method: 'POST',
        headers,
      });
      if (verb === 'trigger') key.current = randomKey();
      announce(doneText(id, verb, data.triggered?.execution));
      onDone();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      announce(failedText(id, error));
    } finally {
      setActing(false);
    }
  }

  const verb = paused ? 'resume' : 'pause';
  // Whoever resumes or triggers it counts as a starter.
  const mayStart = revision === 0 ? mayStartAction(workflow) : may('execution:execute');
  return (
    <div class="acts">
      {(!paused || mayStart) && (
        <button type="button" class="button" aria-disabled={isActing} onClick={(event) => act(verb, event)}>
          {paused ? 'Resume' : 'Pause'}
          <span class="hidden"> {id}</span>
        </button>
      )}
      {mayStart && (
        <button type="button" class="button" aria-disabled={isActing} onClick={(event) => act('trigger', event)}>
          Trigger
          <span class="hidden"> {id}</span>
        </button>
      )}
    </div>
  );
}

function NoSchedules() {
  return (
    <>
      <p class="strong">No schedules yet.</p>
      <p class="soft">
        A schedule starts a workflow at set times. Create one with <code>npx fermata schedules create</code> or{' '}
        <a href={`${ROOT}/docs`}>the API</a>.
      </p>
    </>
  );
}
