import { useRead } from '../../client/reads.ts';
import type { EventDetails } from '../../client/shapes.ts';
import { Heading } from '../../parts/heading.tsx';
import { Fact } from '../../parts/lists/fact.tsx';
import { Loading } from '../../parts/loading.tsx';
import { ReadError } from '../../parts/read-error.tsx';
import { Instant } from '../../parts/time.tsx';
import { ValueView } from '../../parts/value.tsx';
import { hrefOf } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { EventEnforcements } from './event-enforcements.tsx';

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
          {event.issues.length > 0 && <Issues event={event} />}
          {event.state !== 'invalid' && <EventEnforcements event={event.id} isPlanned={event.state === 'planned'} />}
          <section aria-label="Payload">
            <h2>Payload</h2>
            {event.erased === null ? <ValueView name="Payload" value={event.payload} /> : <p class="soft">Erased.</p>}
          </section>
          {Object.keys(event.headers).length > 0 && (
            <section aria-label="Headers">
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
      <Fact name="State">{state}</Fact>
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
