import { createHmac, timingSafeEqual } from 'node:crypto';
import { ErrorCode, LogLevel, WebClient } from '@slack/web-api';
import { fetchText } from '../egress/answer.ts';
import type { Egress } from '../egress/egress.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { type Announcer, type Notice, NoticeError } from '../model/notice.ts';
import { fallbackText, formView, messageBlocks } from './slack-message.ts';

/** How Slack is reached, and how it is known. */
export interface SlackSettings {
  botToken: string;
  signingSecret: string;
  apiUrl?: string | undefined;
}

/** Who has pressed a button, as Slack knows them. */
export interface SlackUser {
  team: string;
  user: string;
  /** Confirmed; null: none that may be trusted. */
  email: string | null;
}

/** Seals and opens the handles of buttons: what decides, and nothing that tells. */
export interface HandleSealer {
  seal(value: Json): Promise<string>;
  open(handle: string): Promise<JsonObject>;
}

/** Seconds that a signed request is good for. */
const WINDOW = 300;

/** Milliseconds after which Slack is given up for now. */
const TIMEOUT = 10_000;

/** Asks people in Slack, and knows who answers. */
export type Slack = ReturnType<typeof createSlack>;

/** Makes the adapter; `clock` gives milliseconds. */
export function createSlack(
  { botToken, signingSecret, apiUrl }: SlackSettings,
  sealer: HandleSealer,
  { fetch }: Pick<Egress, 'fetch'>,
  clock: () => number,
) {
  const client = new WebClient(botToken, {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/` }),
    // What did not go out is sent again by whoever keeps the notices, also over a restart.
    ...{ retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: TIMEOUT, logLevel: LogLevel.ERROR },
    fetch: fetchText(fetch),
  });
  let home: Promise<{ team: string; app: string | null }> | null = null;

  async function call<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { code, message, retryAfter } = error as { code?: string; message: string; retryAfter?: number };
      const limited = code === ErrorCode.RateLimitedError ? retryAfter : undefined;
      throw new NoticeError(`Slack: ${message}`, { cause: error, retryAfter: limited });
    }
  }

  /** The team and app that the token is of: nobody else's buttons count. */
  function homeOf(): Promise<{ team: string; app: string | null }> {
    home ??= (async () => {
      const { team_id: team, bot_id: bot } = await call(client.auth.test());
      const found = bot === undefined ? null : await call(client.bots.info({ bot }));
      return { team: team ?? '', app: found?.bot?.app_id ?? null };
    })();
    home.catch(() => {
      home = null;
    });
    return home;
  }

  async function handlesOf({ id, inquiry }: Notice): Promise<Map<string, string>> {
    const entries = inquiry.request.options.map(
      async ({ ref }): Promise<[string, string]> => [ref, await sealer.seal({ notice: id, option: ref })],
    );
    return new Map(await Promise.all(entries));
  }

  async function contentOf(notice: Notice) {
    const handles = notice.inquiry.status === 'pending' ? await handlesOf(notice) : null;
    return {
      text: fallbackText(notice),
      blocks: messageBlocks(notice, handles),
      unfurl_links: false,
      unfurl_media: false,
    };
  }

  const announcer: Announcer = {
    kind: 'slack',
    async ask(notice) {
      const { channel, ts } = await call(
        client.chat.postMessage({ channel: notice.target, ...(await contentOf(notice)) }),
      );
      return { channel: channel ?? notice.target, ts: ts ?? '' };
    },
    async update(notice, { channel, ts }) {
      const { text, blocks } = await contentOf(notice);
      await call(client.chat.update({ channel: String(channel), ts: String(ts), text, blocks }));
    },
    async remind(notice, { channel, ts }) {
      const text = `Still to be decided: ${fallbackText(notice)}`;
      await call(client.chat.postMessage({ channel: String(channel), thread_ts: String(ts), text, mrkdwn: false }));
    },
  };

  return {
    announcer,
    sealer,

    /** Whether Slack has signed a body, as it is on the wire, within the last five minutes. */
    verify(body: string, timestamp: string | undefined, signature: string | undefined): boolean {
      const seconds = Number(timestamp);
      if (!signature || !Number.isInteger(seconds) || Math.abs(clock() / 1000 - seconds) > WINDOW) return false;
      const expected = `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
      const [mine, theirs] = [Buffer.from(expected), Buffer.from(signature)];
      return mine.length === theirs.length && timingSafeEqual(mine, theirs);
    },

    /** Whether an interaction is of our own team and app. Throws a NoticeError when Slack does not answer. */
    async isOurs(team: unknown, app: unknown): Promise<boolean> {
      const own = await homeOf();
      return team === own.team && (own.app === null || app === own.app);
    },

    /** Who a user is; null for guests, strangers, bots and who was removed. Throws a NoticeError. */
    async identify(team: string, id: string): Promise<SlackUser | null> {
      const { user } = await call(client.users.info({ user: id }));
      if (user === undefined || user.deleted || user.is_bot || user.team_id !== team) return null;
      if (user.is_restricted || user.is_ultra_restricted || user.is_stranger) return null;
      const { email } = user.profile ?? {};
      const confirmed = user.is_email_confirmed === true;
      return { team, user: id, email: confirmed && email ? email.toLowerCase() : null };
    },

    /** Opens the form of an option. */
    async openForm(notice: Notice, option: string, trigger: string): Promise<void> {
      const chosen = notice.inquiry.request.options.find(({ ref }) => ref === option);
      if (chosen === undefined) return;
      const handle = await sealer.seal({ notice: notice.id, option });
      await call(client.views.open({ trigger_id: trigger, view: formView(notice, chosen, handle) }));
    },

    /** Tells one person, and nobody else who reads the channel. */
    async tellPrivately({ channel }: JsonObject, user: string, text: string): Promise<void> {
      const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      await call(client.chat.postEphemeral({ channel: String(channel), user, text: safe }));
    },
  };
}

/** What a button or a form sends: the handle, who, and what is only true once. */
export interface SlackInteraction {
  kind: 'button' | 'form';
  handle: string;
  team: string;
  app: string;
  user: string;
  trigger: string;
  /** The same of two deliveries of one click. */
  once: string;
  values: JsonObject;
}

/** Reads the payload of an interaction; null for what decides nothing. */
export function readInteraction(payload: Json): SlackInteraction | null {
  if (!isJsonObject(payload)) return null;
  const { type, team, api_app_id: app, user, trigger_id: trigger, actions, view } = payload;
  const idOf = (of: Json | undefined): string => (isJsonObject(of ?? null) ? String((of as JsonObject).id ?? '') : '');
  const common = { team: idOf(team), app: String(app ?? ''), user: idOf(user), trigger: String(trigger ?? '') };
  if (type === 'block_actions' && Array.isArray(actions)) {
    const action = actions.find((each) => isJsonObject(each) && String(each.action_id).startsWith('decide:'));
    if (!isJsonObject(action ?? null)) return null;
    const { value, action_ts: at } = action as JsonObject;
    return { ...common, kind: 'button', handle: String(value ?? ''), once: String(at ?? ''), values: {} };
  }
  if (type === 'view_submission' && isJsonObject(view ?? null)) {
    const { callback_id: callback, private_metadata: handle, id, state } = view as JsonObject;
    if (callback !== 'decide') return null;
    const values = isJsonObject(state ?? null) ? (state as JsonObject).values : {};
    return {
      ...common,
      kind: 'form',
      handle: String(handle ?? ''),
      once: String(id ?? ''),
      values: isJsonObject(values ?? null) ? (values as JsonObject) : {},
    };
  }
  return null;
}
