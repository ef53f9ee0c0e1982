import { useState } from 'preact/hooks';
import { useRead } from '../../../client/reads.ts';
import type { ListedWebhook, MadeWebhook } from '../../../client/shapes.ts';
import { focusHeading } from '../../../parts/heading.tsx';
import { ListCell, Listing, NameCell } from '../../../parts/lists/listing.tsx';
import { Instant } from '../../../parts/time.tsx';
import { numberText } from '../../../parts/words.ts';
import { hrefOf } from '../../../routing/location.ts';
import { Handover } from './handover.tsx';
import { NewWebhookDialog, type WebhookAct, WebhookActDialog } from './webhook-dialogs.tsx';

const ACTS: { act: WebhookAct; word: string }[] = [
  { act: 'edit', word: 'Edit' },
  { act: 'secret', word: 'Set secret' },
  { act: 'rotate', word: 'Rotate' },
  { act: 'delete', word: 'Delete' },
];

/** The webhooks, by which other systems send events, and ways to make, change and delete them. */
export function WebhookList() {
  const reading = useRead<{ data: ListedWebhook[] }>('/webhooks');
  const [asked, setAsked] = useState<'new' | { act: WebhookAct; webhook: ListedWebhook } | null>(null);
  // Shown once, and only here: each stays until somebody is done with it, or its webhook is deleted.
  const [handovers, setHandovers] = useState<MadeWebhook[]>([]);
  const close = () => setAsked(null);

  function show(made: MadeWebhook) {
    setHandovers((before) => [made, ...before]);
    reading.reload();
  }

  function drop(isOver: (handover: MadeWebhook) => boolean) {
    setHandovers((before) => before.filter((each) => !isOver(each)));
    reading.reload();
    // The button that was pressed, or its row, may be gone in a moment.
    focusHeading();
  }

  return (
    <>
      <p class="list-act">
        <button type="button" class="button primary" onClick={() => setAsked('new')}>
          New webhook
        </button>
      </p>
      {handovers.map((made) => (
        <Handover key={made.url} webhook={made} close={() => drop((each) => each === made)} />
      ))}
      <Listing
        name="Webhooks"
        noun="webhook"
        class="webhook-list"
        reading={reading}
        columns={['Webhook', 'Preset', 'Last event', 'Refused', 'Controls']}
        keyOf={({ name }) => name}
        empty={
          <>
            <p class="strong">No webhooks yet.</p>
            <p class="soft">A webhook is an address to which another system, such as GitHub or Stripe, sends events.</p>
          </>
        }
        row={(webhook) => (
          <>
            <NameCell>
              {webhook.name}
              {!webhook.enabled && <span class="tag">disabled</span>}
              {webhook.secrets === 0 && webhook.preset !== 'none' && <span class="tag">no secret</span>}
              {webhook.label !== null && <p class="soft small">{webhook.label}</p>}
            </NameCell>
            <ListCell of="Preset">{webhook.preset}</ListCell>
            <ListCell of="Last event" class="time-cell">
              <LastEvent webhook={webhook} />
            </ListCell>
            <ListCell of="Refused" class="number-cell">
              {numberText(webhook.refusals.count)}
              {webhook.refusals.last !== null && <p class="soft small">{webhook.refusals.last.reason}</p>}
            </ListCell>
            <ListCell class="acts-cell">
              <div class="acts">
                {ACTS.filter(({ act }) => act !== 'secret' || webhook.preset !== 'none').map(({ act, word }) => (
                  <button type="button" class="button" key={act} onClick={() => setAsked({ act, webhook })}>
                    {word}
                    <span class="hidden"> {act === 'secret' ? `of ${webhook.name}` : webhook.name}</span>
                  </button>
                ))}
              </div>
            </ListCell>
          </>
        )}
      />
      {asked === 'new' && <NewWebhookDialog close={close} onMade={show} />}
      {asked !== null && asked !== 'new' && (
        <WebhookActDialog
          act={asked.act}
          webhook={asked.webhook}
          close={close}
          onMade={show}
          onChanged={() => drop(({ name }) => asked.act === 'delete' && name === asked.webhook.name)}
        />
      )}
    </>
  );
}

function LastEvent({ webhook: { last_event: last } }: { webhook: ListedWebhook }) {
  if (last === null) return <>none yet</>;
  return (
    <>
      <Instant at={last.at} /> <a href={hrefOf(`/events/${last.id}`)}>event {last.id}</a>
    </>
  );
}
