import { AppError } from '../../model/app-error.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { TriggerCreate, TriggerUpdate } from '../../model/rules/trigger.ts';
import { issuesOfPayloads, issuesOfTrigger } from '../../model/rules/trigger-issues.ts';
import type { DefinitionStore } from '../../store/definitions/definitions.ts';
import type { StoredTrigger, TriggerFields, TriggerFilter, TriggerStore } from '../../store/rules/triggers.ts';
import { demandPackId } from '../definitions/reader.ts';

/** Manages triggers, the declared types of events; callers see only those of their tenant. */
export interface TriggerService {
  /** Returns a trigger. Throws `trigger_not_found`. */
  get(principal: Principal, ref: string): Promise<StoredTrigger>;
  /** Returns a trigger; null when there is none. */
  find(principal: Principal, ref: string): Promise<StoredTrigger | null>;
  /** Lists a page of triggers; `total` counts all that match. */
  list(
    principal: Principal,
    filter: TriggerFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredTrigger[]; total: number }>;
  /** Creates a trigger. Throws `request_invalid`, `pack_not_found`, and `trigger_exists` when its ref or its type is taken. */
  create(principal: Principal, body: TriggerCreate): Promise<StoredTrigger>;
  /** Updates a trigger, for events that come in from now on. Throws `request_invalid`, `trigger_not_found`. */
  update(principal: Principal, ref: string, body: TriggerUpdate): Promise<StoredTrigger>;
  /** Deletes a trigger. Throws `trigger_not_found`, and `trigger_in_use` while a rule or a webhook names it. */
  remove(principal: Principal, ref: string): Promise<void>;
}

/** Creates the service. */
export function createTriggerService(store: TriggerStore, packs: Pick<DefinitionStore, 'findPack'>): TriggerService {
  async function get({ tenant }: Principal, ref: string): Promise<StoredTrigger> {
    const found = await store.find(tenant, ref);
    if (found === null) throw new AppError('trigger_not_found', `trigger "${ref}" not found`);
    return found;
  }

  return {
    get,
    find: ({ tenant }, ref) => store.find(tenant, ref),
    list: ({ tenant }, filter, page) => store.list(tenant, filter, page),

    async create(principal, body) {
      const issues = issuesOfTrigger(body);
      if (issues.length > 0) throw refusal('request_invalid', issues);
      const pack = await demandPackId(packs, principal, body.pack_ref);
      const { ref, type = ref } = body;
      const created = await store.create(principal.tenant, pack, { ref, type, ...fieldsOf(body) });
      if (!created) {
        const [other] = await store.ofTypes(principal.tenant, [type]);
        const message =
          other === undefined || other.ref === ref
            ? `trigger "${ref}" already exists`
            : `events of the type "${type}" belong to the trigger "${other.ref}" already`;
        throw new AppError('trigger_exists', message);
      }
      return get(principal, ref);
    },

    async update(principal, ref, body) {
      const { label, description, schema, examples } = await get(principal, ref);
      const given = Object.entries(body).filter(([, value]) => value !== undefined);
      const fields: TriggerFields = { label, description, schema, examples, ...Object.fromEntries(given) };
      const issues = issuesOfPayloads(fields.schema, fields.examples);
      if (issues.length > 0) throw refusal('request_invalid', issues);
      await store.update(principal.tenant, ref, fields);
      return get(principal, ref);
    },

    async remove(principal, ref) {
      await get(principal, ref);
      const user = await store.remove(principal.tenant, ref);
      if (user === null) return;
      const whose = 'rule' in user ? `the rule "${user.rule}"` : `the webhook "${user.webhook}"`;
      throw new AppError('trigger_in_use', `trigger "${ref}" is used by ${whose}`);
    },
  };
}

function fieldsOf({ label, description = null, schema = null, examples = [] }: TriggerCreate): TriggerFields {
  return { label, description, schema, examples };
}
