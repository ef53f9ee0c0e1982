import { afterAll, expect, it } from 'vitest';
import { closedConnections } from '../../composition/api/warnings/closed-connections.ts';
import { createEgress } from '../../egress/egress.ts';
import type { ConnectedPack } from '../../model/connection.ts';
import type { JsonObject } from '../../model/json.ts';

const egress = createEgress({ allowed: ['10.1.0.0/16'] });
afterAll(() => egress.close());

it('connections whose hosts may not be reached are found, and no others', async () => {
  const CONNECTIONS: Record<string, { settings: JsonObject; secrets: JsonObject }> = {
    'jira/private': { settings: { base_url: 'http://10.0.0.1:8080/x', email: 'a@b.c' }, secrets: { token: 'x' } },
    'jira/allowed': { settings: { base_url: 'http://10.1.0.1/' }, secrets: {} },
    'jira/public': { settings: { base_url: 'https://8.8.8.8/' }, secrets: {} },
    'slack/standard': { settings: {}, secrets: { bot_token: 'http://10.0.0.1/' } },
    'database/local': { settings: {}, secrets: { url: 'postgres://ann:secret@[::1]/x' } },
    'email/local': { settings: { from: 'a@b.c' }, secrets: { url: 'smtp://ann:secret@127.0.0.1' } },
    'teams/two': { settings: { login_url: 'http://10.0.0.2', metadata_url: 'http://10.0.0.3' }, secrets: {} },
  };
  const places = [...Object.keys(CONNECTIONS), 's3/unreadable'].map((text) => {
    const [pack, name] = text.split('/') as [ConnectedPack, string];
    return { tenant: 't', pack, name };
  });
  const connect = async (_: string, pack: string, name: string) => {
    const found = CONNECTIONS[`${pack}/${name}`];
    if (found === undefined) throw new Error('no key opens it');
    return found;
  };
  const closed = await closedConnections(places, connect, egress);
  expect(closed.map(({ connection, host }) => [connection, host])).toEqual([
    ['jira/private', '10.0.0.1:8080'],
    ['database/local', '[::1]'],
    ['email/local', '127.0.0.1'],
    ['teams/two', '10.0.0.2'],
    ['teams/two', '10.0.0.3'],
  ]);
});
