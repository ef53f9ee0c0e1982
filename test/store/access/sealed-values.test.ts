import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createConnectionStore } from '../../../store/access/connections.ts';
import { createPrincipalStore } from '../../../store/access/principals.ts';
import { createSealStore } from '../../../store/access/seals.ts';
import { createSecretStore } from '../../../store/access/secrets.ts';
import { useBothEngines } from '../both-engines.ts';

const { opened } = useBothEngines();

it.each(['Postgres', 'PGlite'])(
  'secrets and connections are stored, listed, replaced and sealed anew on %s',
  async (engine) => {
    const { db } = opened[engine]!;
    const [secrets, connections, seals] = [createSecretStore(db), createConnectionStore(db), createSealStore(db)];
    const tenant = randomUUID();
    await createPrincipalStore(db).createTenant(tenant, 'acme', 'Acme');
    const connection = { tenant, pack: 'slack' as const, name: 'default', secrets: ['bot_token'] };

    // Each statement runs more than once, with other values.
    for (const [at, sealed] of ['first', 'second'].entries()) {
      const settings = { at };
      expect(await secrets.put(tenant, 'A', sealed)).toMatchObject({ tenant, name: 'A', sealed });
      expect(await secrets.list(tenant)).toMatchObject([{ name: 'A', sealed }]);
      expect(await secrets.find(tenant, 'A')).toMatchObject({ sealed });
      const stored = await connections.put({ ...connection, settings, sealed });
      expect(stored).toMatchObject({ ...connection, settings, sealed });
      expect(await connections.list(tenant)).toEqual([stored]);
      expect(await connections.find(tenant, 'slack', 'default')).toEqual(stored);

      for (const [kind, path] of [
        ['secrets', 'acme/A'],
        ['connections', 'acme/slack/default'],
      ] as const) {
        expect(await seals.all(kind)).toEqual([{ name: path, sealed }]);
        await seals.replace(kind, 'another', 'lost');
        await seals.replace(kind, sealed, `${sealed} again`);
        expect(await seals.all(kind)).toEqual([{ name: path, sealed: `${sealed} again` }]);
      }
    }
  },
);
