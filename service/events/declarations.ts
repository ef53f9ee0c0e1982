import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { isEventType } from '../../model/events/attributes.ts';
import type { NewEvent } from '../../model/events/event.ts';
import type { Issue } from '../../model/issue.ts';
import { SCHEMA_WORK, validateBySchema } from '../../model/schema/validate.ts';
import { WorkMeter } from '../../model/work.ts';
import type { StoredTrigger, TriggerStore } from '../../store/rules/triggers.ts';
import { lookUp } from '../background/outages.ts';
import { createSharedReads } from '../background/shared-reads.ts';

/** An event with the trigger that declares its type; null: none does. */
export interface DeclaredEvent {
  event: NewEvent;
  trigger: StoredTrigger | null;
}

/** Reads triggers. */
type Triggers = Pick<TriggerStore, 'find' | 'ofTypes'>;

/** Has requests that ask for the same triggers at the same time share a statement. */
export function shareReads(triggers: Triggers): Triggers {
  const found = createSharedReads<StoredTrigger | null>();
  const listed = createSharedReads<StoredTrigger[]>();
  return {
    find: (tenant, ref) => found(`${tenant} ${ref}`, () => triggers.find(tenant, ref)),
    ofTypes: (tenant, types) => listed([tenant, ...types].join(' '), () => triggers.ofTypes(tenant, types)),
  };
}

/**
 * Finds the triggers of some events with one look-up, and adds their refs: those that declare the types of the events, or the trigger
 * `ref`, whose type then replaces that of each event. Throws `database_unavailable`.
 */
export async function declareEvents(
  triggers: Triggers,
  { tenant, ref }: { tenant: string; ref: string | null },
  events: readonly NewEvent[],
): Promise<DeclaredEvent[]> {
  if (ref !== null) {
    const named = await lookUp(() => triggers.find(tenant, ref));
    return events.map((event) => declare(event, named));
  }
  // Types are not checked yet, and no trigger has a type that is invalid.
  const types = new Set(events.map(({ type }) => type).filter(isEventType));
  const found = await lookUp(() => triggers.ofTypes(tenant, [...types]));
  const byType = new Map(found.map((trigger) => [trigger.type, trigger]));
  return events.map((event) => declare(event, byType.get(event.type) ?? null));
}

function declare(event: NewEvent, trigger: StoredTrigger | null): DeclaredEvent {
  return { event: trigger === null ? event : { ...event, type: trigger.type, trigger_ref: trigger.ref }, trigger };
}

/** Finds what the schemas of triggers refuse in the payloads of events, for each event in its order; paths begin with `/payload`. */
export async function checkPayloads(declared: readonly DeclaredEvent[]): Promise<Issue[][]> {
  const issues: Issue[][] = [];
  for (const { event, trigger } of declared) {
    const schema = trigger?.schema ?? null;
    issues.push(schema === null ? [] : refusedBy(schema, event));
    if (schema !== null && declared.length > 1) await yieldToOthers();
  }
  return issues;
}

function refusedBy(schema: NonNullable<StoredTrigger['schema']>, { payload }: NewEvent): Issue[] {
  const found = validateBySchema(schema, payload, '/payload', new WorkMeter(SCHEMA_WORK));
  return found.map(({ keyword: _, ...issue }) => issue);
}
