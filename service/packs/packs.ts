import { AppError } from '../../model/app-error.ts';
import { BUILTIN_ACTIONS } from '../../model/builtin-actions.ts';
import type { PackCreate, PackUpdate } from '../../model/definition-requests.ts';
import type { Principal } from '../../model/principal.ts';
import type { DefinitionStore, PackFields, StoredPack } from '../../store/definitions/definitions.ts';

/** The packs of built-in actions, which always exist. */
const BUILTIN_PACKS: ReadonlySet<string> = new Set(BUILTIN_ACTIONS.map(({ ref }) => ref.split('.')[0]!));

/** Manages packs; callers see only those of their tenant. */
export interface PackService {
  /** Returns a pack. Throws `pack_not_found`. */
  get(principal: Principal, ref: string): Promise<StoredPack>;
  /** Lists a page of packs; `total` counts all of them. */
  list(principal: Principal, page: { offset: number; limit: number }): Promise<{ rows: StoredPack[]; total: number }>;
  /** Creates a pack. Throws `pack_exists`. */
  create(principal: Principal, body: PackCreate): Promise<StoredPack>;
  /** Updates a pack. Throws `pack_not_found`. */
  update(principal: Principal, ref: string, body: PackUpdate): Promise<StoredPack>;
  /** Deletes a pack. Throws `pack_not_found`, and `pack_in_use` for one with workflows, actions, triggers, rules or built-in actions. */
  remove(principal: Principal, ref: string): Promise<void>;
}

/** Creates the service. */
export function createPackService(store: DefinitionStore): PackService {
  async function get({ tenant }: Principal, ref: string): Promise<StoredPack> {
    const found = await store.getPack(tenant, ref);
    if (found === null) throw new AppError('pack_not_found', `pack "${ref}" not found`);
    return found;
  }

  return {
    get,

    async list({ tenant }, page) {
      return store.listPacks(tenant, page);
    },

    async create({ tenant }, body) {
      const { ref, label, description = null, version = null, tags = [] } = body;
      const created = await store.createPack(tenant, { ref, label, description, version, tags });
      if (created === null) throw new AppError('pack_exists', `pack "${ref}" already exists`);
      return created;
    },

    async update({ tenant }, ref, body) {
      const given = Object.entries(body).filter(([, value]) => value !== undefined);
      const updated = await store.updatePack(tenant, ref, Object.fromEntries(given) as Partial<PackFields>);
      if (updated === null) throw new AppError('pack_not_found', `pack "${ref}" not found`);
      return updated;
    },

    async remove(principal, ref) {
      const { id } = await get(principal, ref);
      if (BUILTIN_PACKS.has(ref))
        throw new AppError('pack_in_use', `pack "${ref}" has built-in actions and cannot be deleted`);
      const removed = await store.removePack(principal.tenant, id);
      if (!removed)
        throw new AppError(
          'pack_in_use',
          `pack "${ref}" is not empty: delete its workflows, actions, triggers and rules first`,
        );
    },
  };
}
