import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

// A local server that behaves as Slack's documents say of the methods that are used: tokens, limits of blocks, errors, rate
// limits; and that signs interactions as Slack does.

export const TEAM = 'T0TEAM';
export const APP = 'A0APP';
const TOKEN = 'xoxb-the-bot-of-the-tests';
const SECRET = 'the signing secret of the tests';

/** A message as Slack has it now. */
export interface SlackMessage {
  channel: string;
  ts: string;
  thread_ts?: string;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into blocks
  blocks: any[];
  edits: number;
}

/** Somebody in the workspace. */
export interface SlackPerson {
  email?: string;
  is_email_confirmed?: boolean;
  is_restricted?: boolean;
  is_stranger?: boolean;
  is_bot?: boolean;
  deleted?: boolean;
  team_id?: string;
}

export interface SlackServer {
  url: string;
  settings: { botToken: string; signingSecret: string; apiUrl: string };
  messages: SlackMessage[];
  ephemeral: { channel: string; user: string; text: string }[];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into views
  views: { trigger_id: string; view: any }[];
  people: Record<string, SlackPerson>;
  calls: string[];
  /** `down`: does not respond; `limited`: answers 429 once with so many seconds. */
  trouble: { down: boolean; limited: number };
  close(): Promise<void>;
}

export async function startSlackServer(): Promise<SlackServer> {
  const messages: SlackMessage[] = [];
  const state: Omit<SlackServer, 'url' | 'settings' | 'close'> = {
    messages,
    ephemeral: [],
    views: [],
    people: {},
    calls: [],
    trouble: { down: false, limited: 0 },
  };
  let next = 1;
  const refuse = (error: string) => ({ ok: false, error });
  const methods: Record<string, (args: Record<string, string>) => object> = {
    'auth.test': () => ({ ok: true, team_id: TEAM, user_id: 'UBOT', bot_id: 'BBOT' }),
    'bots.info': () => ({ ok: true, bot: { id: 'BBOT', app_id: APP } }),
    'users.info': ({ user = '' }) => {
      const found = state.people[user];
      if (found === undefined) return refuse('user_not_found');
      const { email, ...rest } = found;
      return { ok: true, user: { id: user, team_id: TEAM, profile: { email }, ...rest } };
    },
    'chat.postMessage': ({ channel: place, text = '', thread_ts: thread, ...args }) => {
      const blocks = JSON.parse(args.blocks ?? '[]');
      const wrong = blockTrouble(blocks);
      if (wrong !== null) return refuse(`invalid_blocks: ${wrong}`);
      if (place === '#nowhere') return refuse('channel_not_found');
      next += 1;
      const [channel, ts] = [`C${place}`, `170000000${next}.000100`];
      messages.push({ channel, ts, text, blocks, edits: 0, ...(thread === undefined ? {} : { thread_ts: thread }) });
      return { ok: true, channel, ts };
    },
    'chat.update': ({ text = '', ...args }) => {
      const found = messages.find(({ channel, ts }) => channel === args.channel && ts === args.ts);
      if (found === undefined) return refuse('message_not_found');
      const blocks = JSON.parse(args.blocks ?? '[]');
      const wrong = blockTrouble(blocks);
      if (wrong !== null) return refuse(`invalid_blocks: ${wrong}`);
      Object.assign(found, { text, blocks, edits: found.edits + 1 });
      return { ok: true, channel: found.channel, ts: found.ts };
    },
    'chat.postEphemeral': ({ channel, user, text }) => {
      if (!messages.some((message) => message.channel === channel)) return refuse('channel_not_found');
      state.ephemeral.push({ channel: channel!, user: user!, text: text! });
      return { ok: true, message_ts: '1.1' };
    },
    'views.open': ({ trigger_id: trigger, view }) => {
      if (!trigger?.startsWith('trigger-')) return refuse('invalid_trigger_id');
      state.views.push({ trigger_id: trigger, view: view === undefined ? undefined : JSON.parse(view) });
      return { ok: true, view: { id: 'V1' } };
    },
  };
  const answer = (method: string, args: Record<string, string>): object =>
    methods[method]?.(args) ?? refuse('unknown_method');
  const server = createServer(async (request, response) => {
    const method = (request.url ?? '').split('/').at(-1) ?? '';
    state.calls.push(method);
    if (state.trouble.down) return void response.destroy();
    const body = new URLSearchParams(await textOf(request));
    if (state.trouble.limited > 0 && method === 'chat.postMessage') {
      response.writeHead(429, { 'retry-after': String(state.trouble.limited) });
      state.trouble.limited = 0;
      return void response.end();
    }
    response.setHeader('content-type', 'application/json');
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return void response.end('{"ok":false,"error":"invalid_auth"}');
    response.end(JSON.stringify(answer(method, Object.fromEntries(body))));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    settings: { botToken: TOKEN, signingSecret: SECRET, apiUrl: `${url}/api/` },
    ...state,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Returns why Slack's documents forbid some blocks; null if they allow them. */
// biome-ignore lint/suspicious/noExplicitAny: blocks are walked as data
function blockTrouble(blocks: any[]): string | null {
  if (blocks.length > 50) return 'more than 50 blocks';
  for (const block of blocks) {
    const trouble =
      block.type === 'actions' ? actionsTrouble(block) : block.type === 'rich_text' ? richTextTrouble(block) : null;
    if (trouble !== null) return trouble;
  }
  return null;
}

// biome-ignore lint/suspicious/noExplicitAny: blocks are walked as data
function actionsTrouble({ elements }: any): string | null {
  if (elements.length > 25) return 'more than 25 elements';
  for (const element of elements) {
    const trouble = buttonTrouble(element);
    if (trouble !== null) return trouble;
  }
  const ids = elements.map(({ action_id: id }: { action_id: string }) => id);
  return new Set(ids).size === ids.length ? null : 'an action_id twice';
}

/** The most characters of each part of a confirm dialog. */
const DIALOG = { title: 100, text: 300, confirm: 30, deny: 30 };

// biome-ignore lint/suspicious/noExplicitAny: blocks are walked as data
function buttonTrouble({ value, text, action_id: id, confirm }: any): string | null {
  if (value.length > 2_000) return 'a value of more than 2000 characters';
  for (const [part, most] of confirm === undefined ? [] : Object.entries(DIALOG)) {
    const length = confirm[part].text.length;
    if (length === 0 || length > most) return `a confirm dialog with a ${part} of ${length} characters`;
  }
  if (text.text.length > 75) return 'a button of more than 75 characters';
  return id.length > 255 ? 'an action_id of more than 255 characters' : null;
}

// biome-ignore lint/suspicious/noExplicitAny: blocks are walked as data
function richTextTrouble(block: any): string | null {
  const texts = block.elements.flatMap(({ elements }: { elements: { text: string }[] }) => elements);
  return texts.some(({ text }: { text: string }) => text === '') ? 'an empty text' : null;
}

/** Signs a body as Slack does. */
export function signed(payload: unknown, { at = Date.now() / 1000, secret = SECRET, raw = false } = {}) {
  const body = new URLSearchParams({ payload: raw ? String(payload) : JSON.stringify(payload) }).toString();
  const timestamp = String(Math.floor(at));
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  return {
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': signature,
    },
  };
}

let clicks = 0;

/** Builds the payload that Slack sends when somebody presses a button of a message. */
export function click(message: SlackMessage, option: string, user: string, rest: object = {}) {
  const buttons = message.blocks.find(({ type }) => type === 'actions')?.elements ?? [];
  const button = buttons.find(({ action_id: id }: { action_id: string }) => id === `decide:${option}`);
  clicks += 1;
  return {
    type: 'block_actions',
    api_app_id: APP,
    trigger_id: `trigger-${clicks}`,
    team: { id: TEAM },
    user: { id: user, team_id: TEAM },
    channel: { id: message.channel },
    message: { ts: message.ts },
    response_url: 'http://127.0.0.1:1/never',
    actions: [{ type: 'button', action_id: `decide:${option}`, value: button?.value, action_ts: `170000.${clicks}` }],
    ...rest,
  };
}

/** Builds the payload that Slack sends when somebody submits a form. */
// biome-ignore lint/suspicious/noExplicitAny: the view as it was opened
export function submit(view: any, user: string, fields: Record<string, string>, rest: object = {}) {
  clicks += 1;
  // biome-ignore lint/suspicious/noExplicitAny: blocks are walked as data
  const inputs = view.blocks.filter(({ type }: any) => type === 'input');
  const values = Object.fromEntries(
    // biome-ignore lint/suspicious/noExplicitAny: blocks are walked as data
    inputs.map(({ block_id: block, element }: any) => {
      const given = fields[block] ?? null;
      const value =
        element.type === 'static_select'
          ? { type: element.type, selected_option: given === null ? null : { value: given } }
          : { type: element.type, value: given };
      return [block, { [element.action_id]: value }];
    }),
  );
  return {
    type: 'view_submission',
    api_app_id: APP,
    team: { id: TEAM },
    user: { id: user, team_id: TEAM },
    view: {
      id: `V${clicks}`,
      callback_id: view.callback_id,
      private_metadata: view.private_metadata,
      state: { values },
    },
    ...rest,
  };
}
