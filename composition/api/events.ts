import { eventRoutes } from '../../api/events/routes.ts';
import type { Router } from '../../api/http/router.ts';
import { createEventLists, type EventLists } from '../../service/events/event-lists.ts';
import { createIntake, type Intake } from '../../service/events/intake.ts';
import { createEventListStore } from '../../store/events/event-lists.ts';
import { createEventStore } from '../../store/events/events.ts';
import type { Foundation } from './foundation.ts';

/** The services about events. */
export interface EventServices {
  intake: Intake;
  eventLists: EventLists;
}

/** Composes the services. */
export function composeEvents({ db }: Foundation): { services: EventServices } {
  const store = createEventStore(db);
  return {
    services: {
      intake: createIntake({ store, onRecorded: () => undefined }),
      eventLists: createEventLists(createEventListStore(db)),
    },
  };
}

/** Creates the routes of the services. */
export function eventsRoutes({ intake, eventLists }: EventServices): Router[] {
  return [eventRoutes(intake, eventLists)];
}
