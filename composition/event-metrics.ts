import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { AppError } from '../model/app-error.ts';
import type { Intake } from '../service/events/intake.ts';
import type { HookService } from '../service/webhooks/hooks.ts';
import type { BacklogStore } from '../store/events/backlogs.ts';
import type { EnforcementStore } from '../store/events/enforcements.ts';
import type { Plan, PlanningStore } from '../store/events/planning.ts';

/** The metrics of events and of what they start. What is counted does as it did. */
export interface EventMetrics {
  /** Counts the events that an intake records, and the requests that it refuses. */
  countEvents(intake: Intake): Intake;
  /** Counts the requests to webhooks that are refused before the intake has them. */
  countRefused(hooks: HookService): HookService;
  /** Counts the matches that start nothing, as is known once they are planned. */
  countPlanned(store: PlanningStore): PlanningStore;
  /** Counts the enforcements that are settled. */
  countSettled<Store extends Pick<EnforcementStore, 'settle'>>(store: Store): Store;
  /** Counts enforcements that are suppressed in the moment in which their rule is disabled or deleted. */
  noteSuppressed(enforcements: number): void;
  /** Notes that a run was started, so many milliseconds after its event was received. */
  noteStart(milliseconds: number): void;
  /** Adds the number of events and enforcements that wait. */
  watchBacklog(store: Pick<BacklogStore, 'count'>): void;
}

/** In seconds: from a start as it should be to one after an outage. */
const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

/** Creates the metrics in a registry. */
export function createEventMetrics(registry: Registry): EventMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, label: string) =>
    new Counter({ name, help, labelNames: [label], registers });
  const recorded = counter('fermata_events_total', 'Events that were recorded, without duplicates.', 'ingress');
  const refused = counter('fermata_events_refused_total', 'Requests with events that were refused.', 'reason');
  const settled = counter('fermata_enforcements_total', 'Enforcements that were settled.', 'status');
  const starts = new Histogram({
    name: 'fermata_event_start_seconds',
    help: 'From the receipt of an event to the start of a run for it, for rules without a throttle and an order.',
    buckets: BUCKETS,
    registers,
  });

  /** Counts the error of a promise that rejects. */
  async function orRefused<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      refused.inc({ reason: error instanceof AppError ? error.code : 'internal' });
      throw error;
    }
  }

  return {
    countEvents: (intake) => ({
      ...intake,
      async accept(from, events) {
        const accepted = await orRefused(intake.accept(from, events));
        const fresh = accepted.filter(({ duplicate }) => !duplicate);
        recorded.inc({ ingress: from.webhook === undefined ? 'api' : 'webhook' }, fresh.length);
        return accepted;
      },
    }),

    countRefused: (hooks) => ({
      ...hooks,
      find: (key) => orRefused(hooks.find(key)),
      verify: (hook, headers, bytes) => orRefused(hooks.verify(hook, headers, bytes)),
    }),

    countPlanned: (store) => ({
      ...store,
      async plan(tenant, limit, decide) {
        let plan: Plan | null = null;
        const planned = await store.plan(tenant, limit, async (batch) => {
          plan = await decide(batch);
          return plan;
        });
        const { matches } = plan ?? { matches: [] };
        for (const { status } of matches) if (status !== 'pending') settled.inc({ status });
        return planned;
      },
    }),

    countSettled: (store) => ({
      ...store,
      async settle(row, settlement) {
        const isRecorded = await store.settle(row, settlement);
        if (isRecorded && settlement.status !== 'pending') settled.inc({ status: settlement.status });
        return isRecorded;
      },
    }),

    noteSuppressed: (enforcements) => settled.inc({ status: 'suppressed' }, enforcements),

    noteStart: (milliseconds) => starts.observe(milliseconds / 1000),

    watchBacklog: (store) => {
      new Gauge({
        name: 'fermata_event_backlog',
        help: 'Events to plan and enforcements to start, of all tenants.',
        registers,
        async collect() {
          const counts = await store.count().catch(() => null);
          // Unknown while the database does not answer.
          this.set(counts === null ? Number.NaN : [...counts.values()].reduce((sum, waiting) => sum + waiting, 0));
        },
      });
    },
  };
}
