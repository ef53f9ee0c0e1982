import { AppError } from '../../model/app-error.ts';
import { BUILTIN_ACTIONS, toJsonSchema } from '../../model/builtin-actions.ts';
import type { ActionCreate, ActionUpdate } from '../../model/definition-requests.ts';
import type { Issue } from '../../model/issue.ts';
import type { JsonObject } from '../../model/json.ts';
import { jsonSchemaIssues } from '../../model/json-schema.ts';
import { refMismatch } from '../../model/pack-issues.ts';
import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { ActionFields, ActionStore, StoredAction } from '../../store/definitions/actions.ts';
import type { DefinitionStore } from '../../store/definitions/definitions.ts';
import type { TaskQueueService } from '../access/task-queues.ts';
import { KNOWN_ACTIONS } from './actions.ts';

/** Manages actions of workers outside Fermata; callers see only those of their tenant. */
export interface ActionService {
  /** Returns an action, stored or built-in. Throws `action_not_found`. */
  get(principal: Principal, ref: string): Promise<StoredAction | BuiltinEntry>;
  /** Returns the body with which an action was created; null when there is none. */
  find(principal: Principal, ref: string): Promise<Fields | null>;
  /** Lists a page of actions, built-in ones first; `total` counts all that match. */
  list(
    principal: Principal,
    filter: { packRef?: string | undefined },
    page: { offset: number; limit: number },
  ): Promise<{ rows: (StoredAction | BuiltinEntry)[]; total: number }>;
  /** Creates an action. Throws `request_invalid`, `task_queue_forbidden`, `pack_not_found`, `action_exists`. */
  create(principal: Principal, body: ActionCreate): Promise<StoredAction>;
  /** Updates an action for runs that start from now on. Throws `request_invalid`, `task_queue_forbidden`, `action_not_found`. */
  update(principal: Principal, ref: string, body: ActionUpdate): Promise<StoredAction>;
  /** Deletes an action. Throws `action_not_found`, and `action_in_use` while a workflow names it. */
  remove(principal: Principal, ref: string): Promise<void>;
}

/** A built-in action, as lists show it. */
export interface BuiltinEntry {
  ref: string;
  label: string;
  description: string;
  paramSchema: JsonObject | null;
  outSchema: JsonObject | null;
}

/** The dependencies of the service. */
export interface ActionDependencies {
  store: ActionStore;
  packs: DefinitionStore;
  queues: Pick<TaskQueueService, 'demandOwn'>;
}

/** Creates the service. */
export function createActionService({ store, packs, queues }: ActionDependencies): ActionService {
  async function get({ tenant }: Principal, ref: string): Promise<StoredAction> {
    const found = await store.find(tenant, ref);
    if (found === null) throw new AppError('action_not_found', `action "${ref}" not found`);
    return found;
  }

  return {
    async get(principal, ref) {
      return builtin(ref) ?? get(principal, ref);
    },

    async find({ tenant }, ref) {
      const found = await store.find(tenant, ref);
      return found === null ? null : bodyOf(found);
    },

    async list({ tenant }, filter, { offset, limit }) {
      const built = BUILTIN_ACTIONS.map(({ ref }) => builtin(ref)!).filter(
        ({ ref }) => filter.packRef === undefined || ref.split('.')[0] === filter.packRef,
      );
      const first = built.slice(offset, offset + limit);
      const page = { offset: Math.max(0, offset - built.length), limit: Math.max(0, limit - first.length) };
      const { rows, total } = await store.list(tenant, filter, page);
      return { rows: [...first, ...rows], total: built.length + total };
    },

    async create(principal, body) {
      const issues = issuesOfAction(body);
      if (issues.length > 0) throw refusal('request_invalid', issues);
      await queues.demandOwn(principal.tenant, [body.task_queue], '/task_queue');
      const { ref, pack_ref } = body;
      const pack = await packs.findPack(principal.tenant, pack_ref);
      if (pack === null) throw new AppError('pack_not_found', `pack "${pack_ref}" not found`);
      const created = !KNOWN_ACTIONS.has(ref) && (await store.create(principal.tenant, pack, ref, fieldsOf(body)));
      if (!created) throw new AppError('action_exists', `an action or workflow "${ref}" already exists`);
      return get(principal, ref);
    },

    async update(principal, ref, body) {
      const issues = schemaIssues(body);
      if (issues.length > 0) throw refusal('request_invalid', issues);
      const before = await get(principal, ref);
      if (body.task_queue !== undefined) {
        await queues.demandOwn(principal.tenant, [body.task_queue], '/task_queue');
      }
      const given = Object.entries(body).filter(([, value]) => value !== undefined);
      await store.update(principal.tenant, ref, fieldsOf({ ...bodyOf(before), ...Object.fromEntries(given) }));
      return get(principal, ref);
    },

    async remove(principal, ref) {
      if (KNOWN_ACTIONS.has(ref))
        throw new AppError('action_in_use', `action "${ref}" is built in and cannot be changed`);
      await get(principal, ref);
      const user = await store.userOf(principal.tenant, ref);
      if (user !== null) throw new AppError('action_in_use', `action "${ref}" is used by the workflow "${user}"`);
      await store.remove(principal.tenant, ref);
    },
  };
}

function builtin(ref: string): BuiltinEntry | null {
  const action = BUILTIN_ACTIONS.find((one) => one.ref === ref);
  if (action === undefined) return null;
  const { label, description, param, out } = action;
  const outSchema = out === undefined ? null : (toJsonSchema(out, 'output') ?? null);
  return { ref, label, description, paramSchema: toJsonSchema(param, 'input') ?? null, outSchema };
}

/** Returns the issues of an action whose shape is valid. */
export function issuesOfAction(body: ActionCreate): Issue[] {
  return [...refMismatch(body), ...schemaIssues(body)];
}

function schemaIssues({ param_schema, out_schema }: Pick<ActionUpdate, 'param_schema' | 'out_schema'>): Issue[] {
  return [
    ...(param_schema ? jsonSchemaIssues(param_schema, '/param_schema', 'object') : []),
    ...(out_schema ? jsonSchemaIssues(out_schema, '/out_schema', 'anything') : []),
  ];
}

type Fields = Omit<ActionCreate, 'ref' | 'pack_ref'>;

function fieldsOf(body: Fields): ActionFields {
  const { label, description = null, param_schema = null, out_schema = null, task_queue, idempotent } = body;
  return {
    label,
    description,
    paramSchema: param_schema,
    outSchema: out_schema,
    taskQueue: task_queue,
    idempotent,
    timeout: body.timeout,
    queueTimeout: body.queue_timeout,
    heartbeatTimeout: body.heartbeat_timeout,
  };
}

/** Converts the body of a request to the stored fields of an action. */
function bodyOf(action: StoredAction): Fields {
  const { label, description, paramSchema, outSchema, taskQueue, idempotent, timeout } = action;
  return {
    label,
    description,
    param_schema: paramSchema,
    out_schema: outSchema,
    task_queue: taskQueue,
    idempotent,
    timeout,
    queue_timeout: action.queueTimeout,
    heartbeat_timeout: action.heartbeatTimeout,
  };
}
