import { renderParameters } from '../../language/rules/matching.ts';
import { AppError } from '../../model/app-error.ts';
import type { EnforcementDetails, EnforcementSummary } from '../../model/events/enforcement.ts';
import { templateEvent } from '../../model/events/event.ts';
import { type EnforcementFilterRequest, readRuleName } from '../../model/events/filters.ts';
import { integerId } from '../../model/execution-id.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Principal } from '../../model/principal.ts';
import type { EnforcementRow, EnforcementStore } from '../../store/events/enforcements.ts';
import type { EventListStore, ListWindow } from '../../store/events/event-lists.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { DefinitionReader } from '../definitions/reader.ts';
import { writeOnlyPaths } from '../projections/hiding/write-only.ts';
import { maskInput } from '../projections/masks.ts';
import { buildListedPage, eventRecord, type ListedPage } from './event-lists.ts';
import type { RuleBook } from './rule-book.ts';

/** Reads enforcements; callers see only those of their tenant. */
export interface EnforcementLists {
  /** Reads an enforcement. Throws `enforcement_not_found`, also for the number of a caller's own system. */
  get(principal: Principal, id: number): Promise<EnforcementDetails>;
  /** Lists a page of enforcements, newest first. */
  list(
    principal: Principal,
    filter: EnforcementFilterRequest,
    window: ListWindow,
  ): Promise<ListedPage<EnforcementSummary>>;
}

/** The dependencies of the service. */
export interface EnforcementListDependencies {
  store: Pick<EnforcementStore, 'find' | 'list' | 'count'>;
  events: Pick<EventListStore, 'find'>;
  executions: Pick<ExecutionStore, 'retriesOf'>;
  rules: RuleBook;
  definitions: Pick<DefinitionReader, 'get'>;
}

/** Creates the service. */
export function createEnforcementLists(dependencies: EnforcementListDependencies): EnforcementLists {
  const { store, events, executions, rules, definitions } = dependencies;

  /** Renders the parameters of an enforcement as its start does, with write-only ones masked; null where that is impossible. */
  async function parametersOf(principal: Principal, row: EnforcementRow): Promise<JsonObject | null> {
    const [rule, event] = [await rules.find(row), await events.find(row.tenant, row.event)];
    if (rule === null || event === null || event.erased !== null) return null;
    const rendered = renderParameters(rule.compiled, templateEvent(eventRecord(event)));
    if ('error' in rendered) return null;
    const { workflow, version } = rule.compiled.content;
    // The input of an action that is started by itself has no write-only parts.
    if (workflow === null) return rendered.parameters;
    const stored = await definitions.get(principal, workflow, { version: version ?? undefined }).catch(() => null);
    if (stored === null) return null;
    const masked = maskInput(rendered.parameters, writeOnlyPaths(stored.paramSchema));
    return isJsonObject(masked) ? masked : null;
  }

  return {
    async get(principal, id) {
      const row = await store.find(principal.tenant, id);
      if (row === null) throw new AppError('enforcement_not_found', `Enforcement ${id} not found`);
      const summary = enforcementSummary(row);
      const first = summary.execution === null ? [] : [summary.execution];
      const retries = await executions.retriesOf(row.tenant, first);
      const parameters = await parametersOf(principal, row);
      return { ...summary, parameters, executions: [...first, ...retries.map(({ n }) => integerId(n))] };
    },

    async list({ tenant }, request, window) {
      const { rule, trigger_ref, created_after, created_before, ...filters } = request;
      const filter = {
        ...filters,
        rule: rule === undefined ? undefined : readRuleName(rule),
        triggerRef: trigger_ref,
        createdAfter: created_after,
        createdBefore: created_before,
      };
      const found = await store.list(tenant, filter, { ...window, limit: window.limit + 1 });
      return buildListedPage(found.map(enforcementSummary), await store.count(tenant, filter), window);
    },
  };
}

/** Makes an enforcement as lists show it. */
export function enforcementSummary(row: EnforcementRow): EnforcementSummary {
  const { id, rule, event, status, reason, workflow, execution, notBefore, attempts, created, updated, started } = row;
  return {
    id,
    rule,
    rule_ref: row.ruleRef,
    rule_revision: row.ruleRevision,
    event,
    event_type: row.eventType,
    trigger_ref: row.triggerRef,
    status,
    reason,
    workflow,
    execution: execution === null ? null : integerId(execution),
    duplicate_of: row.duplicateOf,
    not_before: notBefore?.toISOString() ?? null,
    attempts,
    created: created.toISOString(),
    updated: updated.toISOString(),
    started: started?.toISOString() ?? null,
  };
}
