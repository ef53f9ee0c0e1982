import type { DefinitionStore, StoredWorkflow } from '../../../store/definitions/definitions.ts';

/** A store of workflows of one tenant that keeps them in memory, with one pack, `ops`. */
export interface MemoryStore extends Pick<DefinitionStore, 'find' | 'findPack' | 'create' | 'update' | 'remove'> {
  readonly workflows: Map<string, StoredWorkflow>;
  /** Called once, within the next update, before the change is applied. */
  interrupt: (() => void) | null;
}

/** Creates an empty store. */
export function createMemoryStore(): MemoryStore {
  const workflows = new Map<string, StoredWorkflow>();
  let ticks = 0;
  const now = () => {
    ticks += 1;
    return new Date(ticks * 1000);
  };
  return {
    workflows,
    interrupt: null,
    find: async (_, ref) => workflows.get(ref) ?? null,
    findPack: async (_, ref) => (ref === 'ops' ? 1 : null),

    async create(_, pack, ref, fields, content) {
      if (workflows.has(ref)) return false;
      const id = workflows.size + 1;
      const [created, updated] = [now(), now()];
      workflows.set(ref, { id, ref, pack, packRef: 'ops', revision: 1, created, updated, ...fields, ...content });
      return true;
    },

    async update(_, ref, change) {
      this.interrupt?.();
      this.interrupt = null;
      const stored = workflows.get(ref);
      if (stored === undefined) return false;
      const { fields, content } = change(stored);
      const revision = content === null ? stored.revision : stored.revision + 1;
      workflows.set(ref, { ...stored, ...fields, ...content, revision, updated: now() });
      return true;
    },

    async remove(_, id) {
      const found = [...workflows.values()].find((workflow) => workflow.id === id);
      return found !== undefined && workflows.delete(found.ref);
    },
  };
}
