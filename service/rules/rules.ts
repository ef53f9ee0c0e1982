import type { Validation } from '../../language/validate.ts';
import { AppError } from '../../model/app-error.ts';
import { hasPermission } from '../../model/permissions.ts';
import { type Principal, subjectsOf } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { MAX_ROW_ID } from '../../model/request-fields.ts';
import { type RuleDraft, readRule, readRuleUpdate } from '../../model/rules/draft.ts';
import type { RuleCreate } from '../../model/rules/rule.ts';
import type { DefinitionStore } from '../../store/definitions/definitions.ts';
import type { RuleFilter, RuleRevision, StoredRule } from '../../store/rules/rule-reads.ts';
import type { RuleStore, RuleWriter } from '../../store/rules/rules.ts';
import { entityTag } from '../definitions/contents.ts';
import { demandPackId } from '../definitions/reader.ts';
import { demandBareStart } from '../starts/bare-starts.ts';
import { buildRuleContent, mergeUpdate, readRuleFields, sameRuleFields } from './rule-bodies.ts';
import type { ExaminedRule, RuleExaminer, UnstoredParts } from './rule-examiner.ts';

/** A rule that was just stored, with warnings about it. */
export interface WrittenRule {
  rule: StoredRule;
  warnings: Validation['warnings'];
}

/** Manages rules; callers see only those of their tenant. The bodies may have any shape. */
export interface RuleService {
  /** Returns a rule. Throws `rule_not_found`. */
  get(principal: Principal, ref: string): Promise<StoredRule>;
  /** Returns a rule by its integer id. Throws `rule_not_found`. */
  getById(principal: Principal, id: number): Promise<StoredRule>;
  /** Lists a page of rules; `total` counts all that match. */
  list(
    principal: Principal,
    filter: RuleFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredRule[]; total: number }>;
  /** Lists the revisions of a rule, newest first. Throws `rule_not_found`. */
  revisions(principal: Principal, ref: string): Promise<RuleRevision[]>;
  /** Finds all issues and warnings of a rule. */
  validate(principal: Principal, body: unknown): Promise<Validation>;
  /**
   * Creates a rule, which starts runs in the name of the caller from now on. Throws `permission_missing`, `rule_invalid` with all issues,
   * `rule_exists`.
   */
  create(principal: Principal, body: unknown): Promise<WrittenRule>;
  /**
   * Updates a rule, which starts runs in the name of the caller from now on; fields that are not given stay as they are. What decides or
   * starts becomes a new revision. With a tag, only if the rule still has it. Throws `permission_missing`, `rule_invalid`,
   * `rule_not_found`, `precondition_failed`.
   */
  update(principal: Principal, ref: string, body: unknown, tag?: string): Promise<WrittenRule>;
  /** Deletes a rule. Throws `rule_not_found`. */
  remove(principal: Principal, ref: string): Promise<void>;
  /** Disables the rules that start a workflow, which is deleted. */
  disableStarters(principal: Principal, workflow: string): Promise<void>;
  /** Examines what `apply` would store; it may name what is not stored yet. */
  examineForApply(principal: Principal, body: RuleCreate, unstored: UnstoredParts): Promise<Validation>;
  /** Creates or updates a rule; without `enabled`, a rule that is there stays enabled or disabled. Throws what these throw. */
  apply(
    principal: Principal,
    body: RuleCreate,
  ): Promise<{
    ref: string;
    change: 'created' | 'updated' | 'unchanged';
    revision: number;
    warnings: Validation['warnings'];
  }>;
}

/** The dependencies of the service. */
export interface RuleDependencies {
  store: RuleStore;
  packs: Pick<DefinitionStore, 'findPack'>;
  examiner: RuleExaminer;
}

/** Creates the service. */
export function createRuleService({ store, packs, examiner }: RuleDependencies): RuleService {
  async function get({ tenant }: Principal, ref: string): Promise<StoredRule> {
    const found = await store.find(tenant, ref);
    if (found === null) throw new AppError('rule_not_found', `rule "${ref}" not found`);
    return found;
  }

  /** Throws `rule_invalid` with all issues of a rule, and `permission_missing` for an action that the caller may not start. */
  async function check(principal: Principal, draft: RuleDraft): Promise<ExaminedRule & { body: RuleCreate }> {
    const examined = await examiner.examine(principal.tenant, draft);
    if (examined.issues.length > 0) throw refusal('rule_invalid', examined.issues);
    const { action_ref: action } = draft.fields;
    if (action != null) demandBareStart(principal, action);
    // Without issues, every field is there that has to be.
    return { ...examined, body: draft.fields as RuleCreate };
  }

  /** Updates a rule to what `merge` makes of its present state and what was given; asks again when it has changed since it was examined. */
  async function change(
    principal: Principal,
    ref: string,
    given: RuleDraft,
    merge: (stored: StoredRule) => RuleDraft,
    tag: string | undefined,
  ): Promise<WrittenRule> {
    demandWriter(principal);
    for (;;) {
      const before = await get(principal, ref);
      if (tag !== undefined && tag !== entityTag(before)) throw overtaken(ref);
      const { body, triggerType, warnings } = await check(principal, merge(before));
      const content = buildRuleContent(body, triggerType);
      try {
        const refused = await store.update(principal.tenant, ref, writerOf(principal), (stored) => {
          if (entityTag(stored) !== entityTag(before)) throw new ChangedMeanwhile();
          const isNew = content.hash !== stored.hash;
          // Whoever leaves a part of the content as it is shares it with its authors. Fields that were not given hash as absent ones.
          const isWhole = isNew && buildRuleContent(given.fields as RuleCreate, triggerType).hash === content.hash;
          const writers = new Set([...(isWhole ? [] : stored.writers), ...subjectsOf(principal)]);
          return { fields: readRuleFields(body), content: isNew ? content : null, writers: [...writers] };
        });
        if (refused === null) return { rule: await get(principal, ref), warnings };
      } catch (error) {
        // Somebody else has written it meanwhile: the update is applied to that.
        if (!(error instanceof ChangedMeanwhile)) throw error;
      }
    }
  }

  return {
    get,

    async getById({ tenant }, id) {
      const found = id <= MAX_ROW_ID ? await store.findById(tenant, id) : null;
      if (found === null) throw new AppError('rule_not_found', `rule ${id} not found`);
      return found;
    },

    list: ({ tenant }, filter, page) => store.list(tenant, filter, page),

    async revisions(principal, ref) {
      const { id } = await get(principal, ref);
      return store.revisions(principal.tenant, id);
    },

    async validate({ tenant }, body) {
      const { issues, warnings } = await examiner.examine(tenant, readRule(body));
      return { issues, warnings };
    },

    async create(principal, body) {
      demandWriter(principal);
      const checked = await check(principal, readRule(body));
      const { ref, pack_ref } = checked.body;
      const pack = await demandPackId(packs, principal, pack_ref);
      const refused = await store.create(principal.tenant, {
        pack,
        ref,
        fields: readRuleFields(checked.body),
        content: buildRuleContent(checked.body, checked.triggerType),
        writers: subjectsOf(principal),
        by: writerOf(principal),
      });
      if (refused === 'taken') throw new AppError('rule_exists', `rule "${ref}" already exists`);
      // Its trigger or its workflow was deleted meanwhile, which the next examination finds.
      if (refused === 'part_gone') return this.create(principal, body);
      return { rule: await get(principal, ref), warnings: checked.warnings };
    },

    update(principal, ref, body, tag) {
      const given = readRuleUpdate(body);
      return change(principal, ref, given, (stored) => mergeUpdate(stored, given), tag);
    },

    async remove(principal, ref) {
      const removed = await store.remove(principal.tenant, ref);
      if (!removed) throw new AppError('rule_not_found', `rule "${ref}" not found`);
    },

    disableStarters: ({ tenant }, workflow) => store.disableStarters(tenant, workflow),

    async examineForApply({ tenant }, body, unstored) {
      const { issues, warnings } = await examiner.examine(tenant, readRule(body), unstored);
      return { issues, warnings };
    },

    async apply(principal, body) {
      const { ref } = body;
      const before = await store.find(principal.tenant, ref);
      if (before === null) {
        const { rule, warnings } = await this.create(principal, body);
        return { ref, change: 'created', revision: rule.revision, warnings };
      }
      // The whole rule is given: what it leaves out has its default, but for `enabled`.
      const draft = readRule({ ...body, enabled: body.enabled ?? before.enabled });
      const { triggerType, warnings } = await check(principal, draft);
      const isSame =
        buildRuleContent(body, triggerType).hash === before.hash &&
        sameRuleFields(before, readRuleFields(draft.fields as RuleCreate));
      if (isSame) return { ref, change: 'unchanged', revision: before.revision, warnings };
      const { rule } = await change(principal, ref, draft, () => draft, undefined);
      return { ref, change: 'updated', revision: rule.revision, warnings };
    },
  };
}

/** Rolls back an update of a rule that is not as it was when it was examined. */
class ChangedMeanwhile extends Error {}

/** Throws `permission_missing` unless a principal may start workflows: a rule starts them in the name of who wrote it last. */
function demandWriter(principal: Principal): void {
  const permission = 'execution:execute';
  if (hasPermission(principal, permission)) return;
  const message = `a rule starts executions in your name: the permission "${permission}" is required`;
  throw new AppError('permission_missing', message, { details: { permission } });
}

function writerOf({ id, subject }: Principal): RuleWriter {
  return { owner: id, ownerSubject: subject };
}

function overtaken(ref: string): AppError {
  return new AppError(
    'precondition_failed',
    `rule "${ref}" was changed by another request: read it again, and send its current ETag as If-Match`,
  );
}
