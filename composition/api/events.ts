import { enforcementRoutes } from '../../api/events/enforcements.ts';
import { eventMatchRoutes } from '../../api/events/matches.ts';
import { pastEventRoutes } from '../../api/events/past-events.ts';
import { eventRoutes } from '../../api/events/routes.ts';
import { eventStreamRoutes } from '../../api/events/streams.ts';
import type { Router } from '../../api/http/router.ts';
import type { StreamGate } from '../../api/http/streams/gate.ts';
import { EVENT_BACKLOG, EVENT_RETENTION } from '../../model/config.ts';
import type { People } from '../../service/access/people.ts';
import type { Loop } from '../../service/background/loops.ts';
import type { DefinitionService } from '../../service/definitions/definitions.ts';
import { createBacklog } from '../../service/events/backlog.ts';
import { createEnforcementStarter } from '../../service/events/enforcement-starter.ts';
import { createEnforcementLists, type EnforcementLists } from '../../service/events/enforcements.ts';
import { createEventLists, type EventLists } from '../../service/events/event-lists.ts';
import { createIntake, type Intake } from '../../service/events/intake.ts';
import { createPastEvents, type PastEvents } from '../../service/events/past-events.ts';
import { createPlanner } from '../../service/events/planner.ts';
import { createEventFeed, type EventFeed } from '../../service/events/reads/event-feed.ts';
import { createEventMatches, type EventMatches } from '../../service/events/reads/event-matches.ts';
import { createRushes } from '../../service/events/restraints/rushes.ts';
import { createEventRetention } from '../../service/events/retention.ts';
import { createRuleBook } from '../../service/events/rule-book.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import { createCompiledRules } from '../../service/rules/compiled-rules.ts';
import type { RuleTrials } from '../../service/rules/rule-trials.ts';
import { createStarterFinder } from '../../service/rules/starters.ts';
import { createHookService, type HookService } from '../../service/webhooks/hooks.ts';
import type { WebhookTallies } from '../../service/webhooks/tallies.ts';
import { createBacklogStore } from '../../store/events/backlogs.ts';
import { createErasureStore } from '../../store/events/erasures.ts';
import { createEventChangeStore } from '../../store/events/event-changes.ts';
import { createPlanningStore } from '../../store/events/planning.ts';
import { createFittingRuleStore } from '../../store/rules/fitting-rules.ts';
import { createPlannedRuleStore } from '../../store/rules/planned-rules.ts';
import { createRuleKeyStore } from '../../store/rules/rule-keys.ts';
import type { Foundation } from './foundation.ts';
import type { ApiOptions } from './options.ts';

/** The services about events. */
export interface EventServices {
  intake: Intake;
  eventLists: EventLists;
  pastEvents: PastEvents;
  enforcements: EnforcementLists;
  eventMatches: EventMatches;
  eventFeed: EventFeed;
  /** Takes in what other systems send to webhooks. */
  hooks: HookService;
}

/** The dependencies on services of other subjects. */
export interface EventNeeds {
  executions: ExecutionService;
  definitions: DefinitionService;
  people: Pick<People, 'asItStands'>;
  trials: RuleTrials;
  tallies: WebhookTallies;
  limits: ApiOptions['eventLimits'];
}

/**
 * Composes the services, and the loops that plan events and start what they begin; `tallies` counts what comes in at webhooks.
 */
export function composeEvents(
  { db, stores, temporal, isAuthentic, bells, eventMetrics: metrics, repeats, atRest, log, clock }: Foundation,
  {
    executions,
    definitions,
    people,
    trials,
    tallies,
    limits = { backlog: EVENT_BACKLOG, days: EVENT_RETENTION },
  }: EventNeeds,
): { services: EventServices; loops: Loop[] } {
  const { events, eventLists, enforcements } = stores;
  const rules = createRuleBook(stores.rules);
  const waiting = createBacklogStore(db);
  metrics.watchBacklog(waiting);
  const backlog = createBacklog({ store: waiting, limit: limits.backlog, clock, log });
  const rushes = createRushes({
    isCrowded: backlog.isHalfFull,
    onOver: () => {
      bells.events.ring();
      bells.enforcements.ring();
    },
    clock,
  });
  const planner = createPlanner({
    store: metrics.countPlanned(createPlanningStore(db)),
    rules: createCompiledRules(),
    rushes,
    bell: bells.events,
    onPlanned: bells.enforcements.ring,
    clock,
    log,
  });
  const starter = createEnforcementStarter({
    store: metrics.countSettled(enforcements),
    events: eventLists,
    rules,
    counts: createPlannedRuleStore(db),
    executions,
    people,
    findStarters: createStarterFinder({ store: stores.executions, temporal, isAuthentic }),
    rushes,
    bell: bells.enforcements,
    onStarted: metrics.noteStart,
    clock,
    log,
  });
  const retention = createEventRetention({
    store: waiting,
    keys: createRuleKeyStore(db),
    days: limits.days,
    clock,
    log,
  });
  const intake = metrics.countEvents(
    createIntake({ store: events, triggers: stores.triggers, backlog, rushes, onRecorded: bells.events.ring }),
  );
  return {
    services: {
      intake,
      hooks: metrics.countRefused(
        createHookService({ store: stores.webhooks, sealer: atRest, intake, tallies, clock }),
      ),
      eventLists: createEventLists(eventLists),
      pastEvents: createPastEvents({
        lists: eventLists,
        erasures: createErasureStore(db),
        store: events,
        rules: stores.rules,
        triggers: stores.triggers,
        backlog,
        repeats,
        onRecorded: bells.events.ring,
      }),
      enforcements: createEnforcementLists({
        store: enforcements,
        events: eventLists,
        executions: stores.executions,
        rules,
        definitions,
      }),
      eventFeed: createEventFeed({ store: createEventChangeStore(db), log }),
      eventMatches: createEventMatches({
        events: eventLists,
        enforcements,
        rules: createFittingRuleStore(db),
        trials,
        clock,
      }),
    },
    loops: [planner, starter, backlog, retention],
  };
}

/** Creates the routes of the services; `gate` admits streams. */
export function eventsRoutes(services: EventServices, gate: StreamGate): Router[] {
  const { intake, eventLists, pastEvents, enforcements, eventMatches, eventFeed } = services;
  return [
    eventStreamRoutes(eventFeed, gate),
    eventRoutes(intake, eventLists),
    eventMatchRoutes(eventMatches),
    pastEventRoutes(pastEvents),
    enforcementRoutes(enforcements),
  ];
}
