import { eventRoutes } from '../../api/events/routes.ts';
import type { Router } from '../../api/http/router.ts';
import { createEventLists, type EventLists } from '../../service/events/event-lists.ts';
import { createIntake, type Intake } from '../../service/events/intake.ts';
import { createHookService, type HookService } from '../../service/webhooks/hooks.ts';
import type { WebhookTallies } from '../../service/webhooks/tallies.ts';
import { createEventListStore } from '../../store/events/event-lists.ts';
import { createEventStore } from '../../store/events/events.ts';
import type { Foundation } from './foundation.ts';

/** The services about events. */
export interface EventServices {
  intake: Intake;
  eventLists: EventLists;
  /** Takes in what other systems send to webhooks. */
  hooks: HookService;
}

/** Composes the services; `tallies` counts what comes in at webhooks. */
export function composeEvents(
  { db, stores, atRest, clock }: Foundation,
  tallies: WebhookTallies,
): { services: EventServices } {
  const intake = createIntake({ store: createEventStore(db), onRecorded: () => undefined });
  return {
    services: {
      intake,
      eventLists: createEventLists(createEventListStore(db)),
      hooks: createHookService({ store: stores.webhooks, sealer: atRest, intake, tallies, clock }),
    },
  };
}

/** Creates the routes of the services. */
export function eventsRoutes({ intake, eventLists }: EventServices): Router[] {
  return [eventRoutes(intake, eventLists)];
}
