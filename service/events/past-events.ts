import { randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import type { NewEvent } from '../../model/events/event.ts';
import type { ReplayRequest } from '../../model/events/replay.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { storableText } from '../../model/text.ts';
import type { ErasureStore } from '../../store/events/erasures.ts';
import type { EventListStore } from '../../store/events/event-lists.ts';
import type { EventEntry, EventRow, EventStore } from '../../store/events/events.ts';
import type { RuleStore } from '../../store/rules/rules.ts';
import type { TriggerStore } from '../../store/rules/triggers.ts';
import type { Repeats } from '../starts/idempotency.ts';
import type { Backlog } from './backlog.ts';
import { checkPayloads, declareEvents } from './declarations.ts';
import { unknownEvent } from './event-lists.ts';
import { eventIdentity } from './intake.ts';

/** The ingress of replays. */
const INGRESS = 'replay';

/** Replays and erases recorded events. */
export interface PastEvents {
  /**
   * Records an event like one that was recorded before, and returns its id. Rules match it as any other event; those that are named, alone.
   * The same idempotency key with the same request is one replay. Throws `event_not_found`, `event_erased`, `rule_not_found`,
   * `payload_invalid` for a payload that the schema of its trigger refuses by now, `events_full`, `idempotency_mismatch`.
   */
  replay(principal: Principal, id: number, request: ReplayRequest, key?: string): Promise<number>;
  /**
   * Erases the payload, the headers, the subject and the extensions of an event; the rest stays. Throws `event_not_found`, and
   * `enforcement_pending` while rules are to be applied to it, or something is to be started for it.
   */
  erase(principal: Principal, id: number): Promise<void>;
}

/** The dependencies of the service. */
export interface PastEventDependencies {
  lists: Pick<EventListStore, 'find'>;
  erasures: ErasureStore;
  store: Pick<EventStore, 'record'>;
  rules: Pick<RuleStore, 'find'>;
  triggers: Pick<TriggerStore, 'find' | 'ofTypes'>;
  backlog: Pick<Backlog, 'demandRoom'>;
  repeats: Pick<Repeats, 'find' | 'claim' | 'note'>;
  /** Is called after an event was recorded. */
  onRecorded: () => void;
}

/** Creates the service. */
export function createPastEvents(dependencies: PastEventDependencies): PastEvents {
  const { lists, erasures, store, rules, triggers, backlog, repeats, onRecorded } = dependencies;

  /** Finds the integer ids of rules. Throws `rule_not_found`. */
  async function idsOf(tenant: string, refs: readonly string[]): Promise<number[]> {
    const ids: number[] = [];
    for (const ref of new Set(refs)) {
      const found = await rules.find(tenant, ref);
      if (found === null) throw new AppError('rule_not_found', `rule "${ref}" not found`);
      ids.push(found.id);
    }
    return ids;
  }

  async function record(principal: Principal, id: number, request: ReplayRequest, key?: string): Promise<number> {
    const { tenant } = principal;
    const row = await lists.find(tenant, id);
    if (row === null) throw unknownEvent(id);
    if (row.erased !== null) {
      throw new AppError('event_erased', `the payload of event ${id} was erased: it cannot be replayed`);
    }
    const only = request.rules === undefined ? null : await idsOf(tenant, request.rules);
    const [declared] = await declareEvents(triggers, { tenant, ref: null }, [newEventOf(row)]);
    const [issues = []] = await checkPayloads([declared!]);
    if (issues.length > 0) throw refusal('payload_invalid', issues);
    backlog.demandRoom(tenant);
    const name = eventIdentity(INGRESS, String(id), key ?? randomUUID());
    const entry = entryOf(principal, row, { event: declared!.event, identity: name, only });
    const [recorded] = await store.record([entry]);
    onRecorded();
    return recorded!.id;
  }

  return {
    async replay(principal, id, request, key) {
      if (key === undefined) return record(principal, id, request);
      const { tenant } = principal;
      const { rules: only = null, reason = null } = request;
      const asked = { replay: id, rules: only, reason };
      const done = await repeats.find(tenant, key, asked);
      if (done !== null) return done;
      // Refuses another request that comes with the key at the same time; the same one has the same identity.
      await repeats.claim(tenant, key, asked, id);
      const recorded = await record(principal, id, request, key);
      await repeats.note(tenant, key, asked, recorded);
      return recorded;
    },

    async erase({ tenant }, id) {
      const result = await erasures.erase(tenant, id);
      if (result === 'missing') throw unknownEvent(id);
      if (result === 'erased') return;
      throw new AppError('enforcement_pending', `event ${id} is erased once nothing is to be started for it any more`);
    },
  };
}

/** Makes an event of what one said when it was recorded. */
function newEventOf(row: EventRow): NewEvent {
  const { type, source, subject, time, headers, extensions, contentType, payload, verified, webhook } = row;
  return {
    event_id: randomUUID(),
    type,
    source,
    subject,
    time,
    trigger_ref: null,
    headers,
    extensions,
    content_type: contentType,
    payload,
    verified,
    webhook,
  };
}

function entryOf(
  { tenant, subject, onBehalfOf }: Principal,
  { id, payloadBytes, depth, chain, execution, principal, onBehalfOf: sentFor, starters }: EventRow,
  { event, identity, only }: { event: NewEvent; identity: string; only: number[] | null },
): EventEntry {
  return {
    ...event,
    event_id: event.event_id ?? randomUUID(),
    issues: [],
    tenant,
    ingress: INGRESS,
    identity,
    payload_bytes: payloadBytes,
    depth,
    chain,
    replay_of: id,
    replay_rules: only,
    execution,
    principal: storableText(subject),
    on_behalf_of: onBehalfOf === null ? null : storableText(onBehalfOf),
    // Whoever has sent the event counts as a starter, as whoever replays it does.
    starters: [...new Set([principal, sentFor, ...starters].filter((one) => one !== null))],
  };
}
