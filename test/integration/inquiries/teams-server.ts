import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

// A local server that behaves as Microsoft's documents say of what is used: OpenID metadata, keys with endorsements, the token
// endpoint, conversations and their members; and that sends activities as the Bot Framework does.

export const ORGANIZATION = '11111111-1111-4111-8111-111111111111';
export const APP_ID = '22222222-2222-4222-8222-222222222222';
export const ISSUER = 'https://api.botframework.com';
const CLIENT_SECRET = 'the client secret of the tests';
const TOKEN = 'the outgoing token of the tests';

/** A message as Teams has it now. */
export interface TeamsMessage {
  conversation: string;
  id: string;
  /** The channel that it was posted to; null for a reply. */
  channel: string | null;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into cards
  card: any;
  edits: number;
}

/** Somebody in a team. */
export interface TeamsMember {
  email?: string;
  userPrincipalName?: string;
  userRole?: string;
  tenantId?: string;
}

type Private = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export interface TeamsServer {
  /** The connection `teams/default` that reaches it. */
  connection: { settings: Record<string, string>; secrets: Record<string, string> };
  serviceUrl: string;
  messages: TeamsMessage[];
  /** By id in the directory; `29:<id>` is what Teams calls them. */
  members: Record<string, TeamsMember>;
  /** Private keys by id: `endorsed` for Teams, `other` for another channel, `unknown` published nowhere. */
  keys: Record<'endorsed' | 'other' | 'unknown', Private>;
  publicKey: JWK;
  trouble: { status: number };
  /** Channels that the app can list in a team. */
  listed: string[];
  close(): Promise<void>;
}

export async function startTeamsServer(): Promise<TeamsServer> {
  const pairs = {
    endorsed: await generateKeyPair('RS256', { extractable: true }),
    other: await generateKeyPair('RS256'),
    unknown: await generateKeyPair('RS256'),
  };
  const published = await Promise.all(
    (['endorsed', 'other'] as const).map(async (kid) => ({
      ...(await exportJWK(pairs[kid].publicKey)),
      kid,
      use: 'sig',
      endorsements: kid === 'endorsed' ? ['msteams'] : ['webchat'],
    })),
  );
  const state = {
    messages: [] as TeamsMessage[],
    members: {} as Record<string, TeamsMember>,
    trouble: { status: 0 },
    listed: [] as string[],
  };
  let next = 0;

  const post = (conversation: string, channel: string | null, activity: Activity): TeamsMessage => {
    next += 1;
    const { text = '', attachments = [] } = activity;
    const message = { conversation, id: `${next}`, channel, text, card: attachments[0]?.content ?? null, edits: 0 };
    state.messages.push(message);
    return message;
  };
  type Answer = [status: number, body: object];
  // biome-ignore lint/suspicious/noExplicitAny: bodies are read as data
  type Body = any;

  const token = (body: Body): Answer => {
    const good = body.client_id === APP_ID && body.client_secret === CLIENT_SECRET;
    const scope = body.scope === 'https://api.botframework.com/.default' && body.grant_type === 'client_credentials';
    return good && scope ? [200, { access_token: TOKEN, expires_in: 3_600 }] : [401, { error: 'invalid_client' }];
  };
  const postToChannel = (body: Body): Answer => {
    const channel = body.channelData.channel.id;
    if (channel === '19:gone@thread.tacv2') return [404, { error: { code: 'ConversationNotFound' } }];
    next += 1;
    const message = post(`${channel};messageid=${next}`, channel, body.activity);
    return [201, { id: message.conversation, activityId: message.id }];
  };
  const update = (conversation: string, id: string, body: Body): Answer => {
    const found = state.messages.find((message) => message.conversation === conversation && message.id === id);
    if (found === undefined) return [404, {}];
    found.card = body.attachments[0].content;
    found.edits += 1;
    return [200, { id }];
  };
  const member = (id: string): Answer => {
    const user = id.replace(/^29:/, '');
    const found = state.members[user];
    if (found === undefined) return [404, {}];
    return [200, { id, aadObjectId: user, tenantId: ORGANIZATION, userRole: 'user', ...found }];
  };
  const connector = (method: string, [kind, id = '', what, which = '']: string[], body: Body): Answer => {
    if (kind === 'teams' && what === 'conversations')
      return [200, { conversations: state.listed.map((each) => ({ id: each })) }];
    if (kind !== 'conversations') return [404, {}];
    if (method === 'POST' && id === '') return postToChannel(body);
    if (what === 'activities' && method === 'POST') return [201, { id: post(id, null, body).id }];
    if (what === 'activities' && method === 'PUT') return update(id, which, body);
    return what === 'members' ? member(which) : [404, {}];
  };
  const answer = (method: string, path: string, body: Body): Answer => {
    const parts = path.split('/').map(decodeURIComponent);
    if (path === '/metadata') return [200, { issuer: ISSUER, jwks_uri: `${url}/keys` }];
    if (path === '/keys') return [200, { keys: published }];
    if (path === `/${ORGANIZATION}/oauth2/v2.0/token`) return token(body);
    return parts[1] === 'amer' && parts[2] === 'v3' ? connector(method, parts.slice(3), body) : [404, {}];
  };
  const server = createServer(async (request, response) => {
    const text = await textOf(request);
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
    const body = isForm ? Object.fromEntries(new URLSearchParams(text)) : text === '' ? {} : JSON.parse(text);
    const api = pathname.startsWith('/amer/');
    const [status, result] =
      api && state.trouble.status !== 0
        ? [state.trouble.status, {}]
        : api && request.headers.authorization !== `Bearer ${TOKEN}`
          ? [401, {}]
          : answer(request.method ?? '', pathname, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...state,
    connection: {
      settings: { app_id: APP_ID, tenant_id: ORGANIZATION, login_url: url, metadata_url: `${url}/metadata` },
      secrets: { client_secret: CLIENT_SECRET },
    },
    serviceUrl: `${url}/amer/`,
    keys: {
      endorsed: pairs.endorsed.privateKey,
      other: pairs.other.privateKey,
      unknown: pairs.unknown.privateKey,
    },
    publicKey: await exportJWK(pairs.endorsed.publicKey),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Activity {
  text?: string;
  attachments?: { content: object }[];
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The claims of a token of the Bot Framework, and who signs it. */
export interface TokenOptions {
  key?: keyof TeamsServer['keys'];
  kid?: string;
  issuer?: string;
  audience?: string;
  serviceUrl?: string;
  /** Seconds from now at which it is issued, and for which it holds. */
  issuedIn?: number;
  lasts?: number;
}

/** Makes a token as the Bot Framework does. */
export async function tokenFor(server: TeamsServer, options: TokenOptions = {}): Promise<string> {
  const { key = 'endorsed', kid = key, issuer = ISSUER, audience = APP_ID, issuedIn = 0, lasts = 3_600 } = options;
  const issuedAt = Math.floor(Date.now() / 1000) + issuedIn;
  return new SignJWT({ serviceurl: options.serviceUrl ?? server.serviceUrl })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + lasts)
    .sign(server.keys[key]);
}

/** Builds the activity that Teams sends when somebody presses a button of a card, with the entered values. */
export function pressed(server: TeamsServer, message: TeamsMessage, label: string, user: string, inputs: object = {}) {
  const action = message.card.actions.find(({ title }: { title: string }) => title === label);
  return {
    ...activity(server, user),
    type: 'invoke',
    name: 'adaptiveCard/action',
    conversation: { id: message.conversation, tenantId: ORGANIZATION },
    value: {
      action: { type: 'Action.Execute', verb: 'decide', data: { ...action?.data, ...inputs } },
      trigger: 'manual',
    },
  };
}

/** Builds the activity that Teams sends when the app is added to a team. */
export function installed(server: TeamsServer, team: string) {
  return {
    ...activity(server, 'admin'),
    type: 'installationUpdate',
    action: 'add',
    conversation: { id: team, tenantId: ORGANIZATION },
    channelData: { tenant: { id: ORGANIZATION }, team: { id: team } },
  };
}

function activity(server: TeamsServer, user: string) {
  return {
    id: `f:${randomUUID()}`,
    channelId: 'msteams',
    serviceUrl: server.serviceUrl,
    from: { id: `29:${user}`, aadObjectId: user },
    channelData: { tenant: { id: ORGANIZATION } },
  };
}
