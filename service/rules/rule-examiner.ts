import { checkRule, type RuleSurroundings } from '../../language/rules/check.ts';
import type { Validation } from '../../language/validate.ts';
import { BUILTIN_ACTIONS } from '../../model/builtin-actions.ts';
import { capIssues } from '../../model/issue.ts';
import type { JsonObject } from '../../model/json.ts';
import type { DraftedFields, RuleDraft } from '../../model/rules/draft.ts';
import type { WebhookStore } from '../../store/access/webhooks.ts';
import type { ActionStore } from '../../store/definitions/actions.ts';
import type { DefinitionStore } from '../../store/definitions/definitions.ts';
import type { TriggerStore } from '../../store/rules/triggers.ts';
import { KNOWN_ACTIONS } from '../actions/actions.ts';

/** The parts that an import brings along with a rule, so that the rule may name them although they are not stored yet. */
export interface UnstoredParts {
  packs: readonly string[];
  triggers: ReadonlyMap<string, { type: string; schema: JsonObject | null }>;
  workflows: ReadonlyMap<string, { paramSchema: JsonObject | null; enabled: boolean; version: string }>;
  actions: ReadonlyMap<string, { paramSchema: JsonObject | null }>;
  /** The refs of triggers, workflows and actions that it deletes. */
  deleted: ReadonlySet<string>;
}

/** Nothing but what is stored. */
export const NOTHING_UNSTORED: UnstoredParts = {
  packs: [],
  triggers: new Map(),
  workflows: new Map(),
  actions: new Map(),
  deleted: new Set(),
};

/** The result of examining a rule. */
export interface ExaminedRule extends Validation {
  /** The type of the trigger that it names, if there is one. */
  triggerType: string | undefined;
}

/** The dependencies of the examiner. */
export interface RuleExaminerDependencies {
  definitions: Pick<DefinitionStore, 'find' | 'findPack' | 'listPacks' | 'refs'>;
  actions: Pick<ActionStore, 'find' | 'list'>;
  triggers: Pick<TriggerStore, 'find' | 'list' | 'ofTypes'>;
  webhooks: Pick<WebhookStore, 'find'>;
}

/** Finds what is wrong with rules. Stores nothing. */
export interface RuleExaminer {
  /** Finds all issues and warnings of a rule. */
  examine(tenant: string, draft: RuleDraft, unstored?: UnstoredParts): Promise<ExaminedRule>;
}

/** The names of a kind from which suggestions are chosen. */
const SOME = { offset: 0, limit: 1_000 };

/** Creates the examiner. */
export function createRuleExaminer({
  definitions,
  actions,
  triggers,
  webhooks,
}: RuleExaminerDependencies): RuleExaminer {
  async function findPack(
    tenant: string,
    ref: string | undefined,
    { packs }: UnstoredParts,
  ): Promise<RuleSurroundings['pack']> {
    if (ref === undefined || packs.includes(ref) || (await definitions.findPack(tenant, ref)) !== null) {
      return { found: true, names: [] };
    }
    const { rows } = await definitions.listPacks(tenant, SOME);
    return { found: false, names: rows.map((pack) => pack.ref) };
  }

  /** Finds the trigger that declares a type; null for a pattern, too. */
  async function findDeclared(tenant: string, type: string, { triggers: given, deleted }: UnstoredParts) {
    const brought = [...given.values()].find((trigger) => trigger.type === type);
    if (brought !== undefined) return brought;
    const stored = await triggers.ofTypes(tenant, [type]);
    const found = stored.find(({ ref }) => !given.has(ref) && !deleted.has(ref));
    return found === undefined ? null : { type, schema: found.schema };
  }

  async function findTrigger(
    tenant: string,
    { trigger_ref: ref, type }: DraftedFields,
    unstored: UnstoredParts,
  ): Promise<RuleSurroundings['trigger']> {
    if (ref == null) return { found: type == null ? null : await findDeclared(tenant, type, unstored), names: [] };
    const found = unstored.triggers.get(ref) ?? (unstored.deleted.has(ref) ? null : await triggers.find(tenant, ref));
    if (found !== null) return { found: { type: found.type, schema: found.schema }, names: [] };
    const { rows } = await triggers.list(tenant, {}, SOME);
    return { found: null, names: rows.map((trigger) => trigger.ref) };
  }

  async function findWorkflow(
    tenant: string,
    ref: string,
    version: string | null,
    { workflows, deleted }: UnstoredParts,
  ): Promise<RuleSurroundings['target']> {
    const unstored = workflows.get(ref);
    if (unstored !== undefined && (version === null || unstored.version === version)) {
      return { found: { ...unstored, hasVersion: true }, names: [] };
    }
    const newest = deleted.has(ref) ? null : await definitions.find(tenant, ref);
    if (newest === null) return { found: null, names: [...workflows.keys(), ...(await definitions.refs(tenant))] };
    const wanted = version === null ? newest : await definitions.find(tenant, ref, { version });
    const { enabled } = unstored ?? newest;
    return {
      found: { paramSchema: wanted?.paramSchema ?? null, enabled, hasVersion: wanted !== null },
      names: [],
    };
  }

  async function findAction(tenant: string, ref: string, unstored: UnstoredParts): Promise<RuleSurroundings['target']> {
    const given = unstored.actions.get(ref);
    const builtIn = KNOWN_ACTIONS.get(ref);
    const stored = async () => (unstored.deleted.has(ref) ? null : actions.find(tenant, ref));
    const found = given ?? (builtIn && { paramSchema: builtIn.param_schema }) ?? (await stored());
    if (found !== null)
      return { found: { paramSchema: found.paramSchema, enabled: true, hasVersion: true }, names: [] };
    const { rows } = await actions.list(tenant, {}, SOME);
    return { found: null, names: [...BUILTIN_ACTIONS, ...rows].map((action) => action.ref) };
  }

  async function findTarget(
    tenant: string,
    { workflow, action_ref: action, version = null }: DraftedFields,
    unstored: UnstoredParts,
  ): Promise<RuleSurroundings['target']> {
    if (workflow != null) return findWorkflow(tenant, workflow, version, unstored);
    if (action != null) return findAction(tenant, action, unstored);
    return { found: null, names: [] };
  }

  return {
    async examine(tenant, draft, unstored = NOTHING_UNSTORED) {
      const { fields } = draft;
      const trigger = await findTrigger(tenant, fields, unstored);
      const triggerType = fields.trigger_ref == null ? undefined : trigger.found?.type;
      const { issues, warnings } = checkRule(draft, {
        pack: await findPack(tenant, fields.pack_ref, unstored),
        trigger,
        target: await findTarget(tenant, fields, unstored),
        hasWebhook: fields.webhook == null || (await webhooks.find(tenant, fields.webhook)) !== null,
      });
      return { issues: capIssues(issues), warnings: capIssues(warnings), triggerType };
    },
  };
}
