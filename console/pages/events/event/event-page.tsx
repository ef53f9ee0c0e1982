import { useRef, useState } from 'preact/hooks';
import { randomKey } from '../../../client/keys.ts';
import { useRead } from '../../../client/reads.ts';
import { request } from '../../../client/request.ts';
import { may } from '../../../client/session.ts';
import type { EventDetails } from '../../../client/shapes.ts';
import { Dialog } from '../../../parts/forms/dialog.tsx';
import { Heading } from '../../../parts/heading.tsx';
import { Fact } from '../../../parts/lists/fact.tsx';
import { Loading } from '../../../parts/loading.tsx';
import { announce } from '../../../parts/notice.ts';
import { ReadError } from '../../../parts/read-error.tsx';
import { Instant } from '../../../parts/time.tsx';
import { ValueView } from '../../../parts/value.tsx';
import { go, hrefOf } from '../../../routing/location.ts';
import type { PageProps } from '../../../routing/page-props.ts';
import { StateBadge } from '../state-badge.tsx';
import { EventEnforcements } from './event-enforcements.tsx';
import { RuleExplanations } from './rule-explanations.tsx';

/** One event: what was sent, and what each rule about its type does with it. */
export function EventPage({ of }: PageProps) {
  const path = `/events/${encodeURIComponent(of)}`;
  const { value, error, reload } = useRead<{ data: EventDetails }>(path);
  const event = value?.data;
  return (
    <div class="page">
      <div>
        <p class="small">
          <a href={hrefOf('/events')}>Events</a>
        </p>
        <Heading title={event === undefined ? `Event ${of}` : `${event.type} ${event.id}`}>
          {event?.type ?? 'Event'} <span class="run-id">{of}</span>
        </Heading>
      </div>
      {error !== null && <ReadError what="The event could not be read" error={error} retry={reload} />}
      {event === undefined && error === null && <Loading of="the event" />}
      {event !== undefined && (
        <>
          <EventFacts event={event} />
          {event.erased === null && may('execution:execute') && <Replay event={event.id} />}
          {event.issues.length > 0 && <Issues event={event} />}
          {event.state !== 'invalid' && <EventEnforcements event={event.id} isPlanned={event.state === 'planned'} />}
          {event.state !== 'invalid' && event.erased === null && may('workflow:read') && (
            <RuleExplanations event={event.id} />
          )}
          <section class="card sheet" aria-label="Payload">
            <h2>Payload</h2>
            {event.erased === null ? <ValueView name="Payload" value={event.payload} /> : <p class="soft">Erased.</p>}
          </section>
          {Object.keys(event.headers).length > 0 && (
            <section class="card sheet" aria-label="Headers">
              <h2>Headers</h2>
              <ValueView name="Headers" value={event.headers} />
            </section>
          )}
        </>
      )}
    </div>
  );
}

function EventFacts({ event }: { event: EventDetails }) {
  const { event_id, source, subject, state, received, time, webhook, verified, principal, replay_of, execution } =
    event;
  return (
    <dl class="facts">
      <Fact name="State" isSilent>
        <StateBadge state={state} />
      </Fact>
      <Fact name="Received">
        <Instant at={received} />
      </Fact>
      {time !== null && (
        <Fact name="Sent">
          <Instant at={time} />
        </Fact>
      )}
      <Fact name="Source">{source}</Fact>
      {subject !== null && <Fact name="Subject">{subject}</Fact>}
      <Fact name="Sender's id">{event_id}</Fact>
      {webhook !== null && (
        <Fact name="Webhook">
          {webhook}
          {!verified && <span class="tag">not verified</span>}
        </Fact>
      )}
      {principal !== null && <Fact name="Posted by">{principal}</Fact>}
      {replay_of !== null && (
        <Fact name="Replay of">
          <a href={hrefOf(`/events/${replay_of}`)}>event {replay_of}</a>
        </Fact>
      )}
      {execution !== null && (
        <Fact name="About">
          <a href={hrefOf(`/runs/${execution}`)}>run {execution}</a>
        </Fact>
      )}
    </dl>
  );
}

/** Offers to record the event again, and then shows the new one. */
function Replay({ event }: { event: number }) {
  const [isAsked, setAsked] = useState(false);
  const key = useRef(randomKey());

  async function replay(form: FormData) {
    const reason = String(form.get('reason') ?? '').trim();
    const { data } = await request<{ data: { id: number } }>(`/events/${event}/replay`, {
      method: 'POST',
      body: reason === '' ? {} : { reason },
      headers: { 'idempotency-key': key.current },
    });
    return () => {
      announce(`Event ${event} is replayed as event ${data.id}.`);
      go(hrefOf(`/events/${data.id}`));
    };
  }

  function ask() {
    key.current = randomKey();
    setAsked(true);
  }

  return (
    <p>
      <button type="button" class="button" onClick={ask}>
        Replay this event
      </button>
      {isAsked && (
        <Dialog title="Replay this event" confirm="Replay" act={replay} close={() => setAsked(false)}>
          <p>A new event is recorded with the same payload. The rules that are enabled now start what it matches.</p>
          <label class="field">
            Reason
            <input
              name="reason"
              maxLength={1000}
              autocomplete="off"
              placeholder="optional, recorded in the audit log"
            />
          </label>
        </Dialog>
      )}
    </p>
  );
}

/** Says why the schema of its trigger refuses the payload. */
function Issues({ event: { issues } }: { event: EventDetails }) {
  return (
    <section aria-label="Issues" class="trouble">
      <div>
        <p class="strong">The schema of its trigger refuses the payload, so that it starts nothing.</p>
        <ul>
          {issues.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path || '/'}</code> {message}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
