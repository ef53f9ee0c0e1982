import { createHmac, timingSafeEqual } from 'node:crypto';
import { LogLevel, WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from '@slack/web-api';
import { fetchText } from '../egress/answer.ts';
import { type Egress, egressErrorIn, errorIn } from '../egress/egress.ts';
import { ProxyError } from '../egress/proxy.ts';
import { AppError } from '../model/app-error.ts';
import type { ConnectionOf } from '../model/connection.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { type MissingSetting, NoticeError } from '../model/notice.ts';
import type { Act, ActOutcome, AnsweringChannel, Identity, Incoming } from './channel.ts';
import { checkReadiness, demandSettings, isMissing, type SettingsOf } from './settings.ts';
import { readInteraction, type SlackInteraction } from './slack-interaction.ts';
import { escaped, fallbackText, formView, messageBlocks } from './slack-message.ts';

/** The settings for calling Slack and verifying its requests. */
export interface SlackSettings {
  botToken: string;
  signingSecret: string;
  apiUrl?: string | undefined;
  /** The egress with which Slack is reached, if it is not that of the channel. */
  egress?: Pick<Egress, 'fetch'>;
}

/** Reads the settings of a connection; one that only posts messages lacks those for asking people. */
export function slackSettings({ settings, secrets }: ConnectionOf<'slack'>): SlackSettings | MissingSetting {
  const { bot_token: botToken, signing_secret: signingSecret } = secrets;
  if (signingSecret === undefined) return { ok: false, setting: 'signing_secret of the connection slack/default' };
  return { botToken, signingSecret, apiUrl: settings.api_url };
}

/** The services that the channel uses. */
export interface SlackServices {
  settingsOf: SettingsOf<SlackSettings>;
  /** Returns the tenant to which the handle of a button belongs; null for an unknown handle. */
  tenantOf(sealed: string): Promise<string | null>;
  /** The tenant whose app sends requests without a handle. */
  home(): Promise<string>;
  egress: Pick<Egress, 'fetch'>;
  /** Returns milliseconds. */
  clock: () => number;
}

/** The path to which Slack sends interactions; Slack's signature is the credential. */
export const SLACK_INTERACTIONS = '/api/v1/chat/slack/interactions';

/** Seconds for which a signed request is valid. */
const WINDOW = 300;

/** Milliseconds after which a call of Slack is given up, and for which the team and app of a token are cached. */
const TIMEOUT = 10_000;
const HOME_FOR = 3_600_000;

/** Error codes of Slack for which retrying does not help. */
const PERMANENT = new Set(['channel_not_found', 'is_archived', 'restricted_action', 'msg_too_long', 'invalid_blocks']);

interface Client {
  web: WebClient;
  /** The team and app of the token; only their buttons count. */
  home: Promise<{ team: string; app: string | null }> | null;
  homeUntil: number;
}

/** Creates the channel that asks people in Slack. */
export function createSlackChannel({ settingsOf, tenantOf, home, egress, clock }: SlackServices): AnsweringChannel {
  /** Clients by egress, API and token; kept as long as the process runs. */
  const clients = new Map<string, Client>();

  function clientOf({ botToken, apiUrl, egress: own }: SlackSettings): Client {
    const key = `${own !== undefined} ${apiUrl ?? ''} ${botToken}`;
    const known = clients.get(key);
    if (known !== undefined) return known;
    const web = new WebClient(botToken, {
      ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/` }),
      // The outbox repeats failed messages, also after a restart.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: TIMEOUT,
      logLevel: LogLevel.ERROR,
      fetch: fetchText((own ?? egress).fetch),
    });
    const made: Client = { web, home: null, homeUntil: 0 };
    clients.set(key, made);
    return made;
  }

  async function clientFor(tenant: string): Promise<Client> {
    return clientOf(await demandSettings(settingsOf, tenant, 'Slack is'));
  }

  function homeOf(client: Client): Promise<{ team: string; app: string | null }> {
    if (client.home !== null && clock() < client.homeUntil) return client.home;
    const asked = (async () => {
      const { team_id: team, bot_id: bot } = await call(client.web.auth.test());
      const found = bot === undefined ? null : await call(client.web.bots.info({ bot }));
      return { team: team ?? '', app: found?.bot?.app_id ?? null };
    })();
    client.home = asked;
    client.homeUntil = clock() + HOME_FOR;
    asked.catch(() => {
      if (client.home === asked) client.home = null;
    });
    return asked;
  }

  function isSigned({ header, body }: Incoming, { signingSecret }: SlackSettings): boolean {
    const timestamp = header('x-slack-request-timestamp');
    const signature = header('x-slack-signature');
    const seconds = Number(timestamp);
    if (!signature || !Number.isInteger(seconds) || Math.abs(clock() / 1000 - seconds) > WINDOW) return false;
    const expected = `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
    const [mine, theirs] = [Buffer.from(expected), Buffer.from(signature)];
    return mine.length === theirs.length && timingSafeEqual(mine, theirs);
  }

  async function identify(tenant: string, team: string, id: string): Promise<Identity | null> {
    const { web } = await clientFor(tenant);
    const { user } = await call(web.users.info({ user: id }));
    if (user === undefined || user.deleted || user.is_bot || user.team_id !== team) return null;
    if (user.is_restricted || user.is_ultra_restricted || user.is_stranger) return null;
    const { email } = user.profile ?? {};
    return { email: user.is_email_confirmed === true && email ? email.toLowerCase() : null };
  }

  function actOf(interaction: SlackInteraction, tenant: string): Act {
    const { kind, sealed, team, user, trigger, once, written } = interaction;
    const comment = written('comment');
    return {
      kind,
      sealed,
      actor: { team, user },
      once,
      written: (field) => written(`field:${field}`),
      comment: comment === '' ? null : comment,
      identify: () => identify(tenant, team, user),
      waits: false,
      reply: (outcome) => (outcome?.kind === 'invalid' ? formErrors(outcome.issues) : null),
      // Somebody may press a button before the place of its message is stored.
      async tell(outcome: ActOutcome, { channel = interaction.channel }: JsonObject) {
        const { web } = await clientFor(tenant);
        if (outcome.kind === 'form') {
          const view = formView(outcome.message, outcome.option);
          await call(web.views.open({ trigger_id: trigger, view }));
        } else if (outcome.kind !== 'invalid' && outcome.text !== null) {
          await call(web.chat.postEphemeral({ channel: String(channel), user, text: escaped(outcome.text) }));
        }
      },
    };
  }

  return {
    name: 'slack',

    ready: (tenant) => checkReadiness(settingsOf, tenant),

    async deliver({ tenant, target, kind }, message, place) {
      const { web } = await clientFor(tenant);
      const text = fallbackText(message);
      if (place === null) {
        const blocks = messageBlocks(message);
        const sent = await call(
          web.chat.postMessage({ channel: target, text, blocks, unfurl_links: false, unfurl_media: false }),
        );
        return { channel: sent.channel ?? target, ts: sent.ts ?? '' };
      }
      const [channel, ts] = [String(place.channel), String(place.ts)];
      if (kind === 'reminded') {
        await call(web.chat.postMessage({ channel, thread_ts: ts, text: `Reminder: ${text}`, mrkdwn: false }));
      } else await call(web.chat.update({ channel, ts, text, blocks: messageBlocks(message) }));
      return place;
    },

    inbound: {
      path: SLACK_INTERACTIONS,
      mediaType: 'application/x-www-form-urlencoded',

      async receive(request) {
        const payload = payloadOf(request.body);
        const interaction = payload === undefined ? null : readInteraction(payload);
        // The handle determines whose app must have signed the request; nothing else is trusted before.
        const owner = interaction === null ? null : await tenantOf(interaction.sealed);
        const tenant = owner ?? (await home());
        const settings = await settingsOf(tenant);
        if (isMissing(settings) || !isSigned(request, settings)) {
          throw new AppError('unauthenticated', 'the request is not signed by Slack');
        }
        if (payload === undefined) throw new AppError('request_invalid', 'the payload is not valid JSON');
        if (interaction === null) return null;
        const own = await homeOf(clientOf(settings));
        if (interaction.team !== own.team || (own.app !== null && interaction.app !== own.app)) {
          throw new AppError('forbidden', 'the request is from another Slack team or app');
        }
        if (owner === null) throw new AppError('token_invalid', 'the button is not from a message of this service');
        return actOf(interaction, tenant);
      },
    },
  };
}

/** Resolves like a call of Slack; rejects with a NoticeError that does not contain Slack's texts. */
async function call<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof WebAPIRateLimitedError) {
      const { retryAfter } = cause;
      throw new NoticeError(`Slack asked to wait ${retryAfter} seconds`, { cause, retryAfter });
    }
    if (cause instanceof WebAPIPlatformError) {
      const { error } = cause.data;
      throw new NoticeError(`Slack rejected the request: ${error}`, {
        cause,
        permanent: PERMANENT.has(error.split(':')[0]!),
      });
    }
    if (cause instanceof WebAPIHTTPError)
      throw new NoticeError(`Slack responded with status ${cause.statusCode}`, { cause });
    throw new NoticeError((egressErrorIn(cause) ?? errorIn(cause, ProxyError))?.message ?? 'Slack did not respond', {
      cause,
    });
  }
}

function payloadOf(body: string): Json | undefined {
  try {
    return JSON.parse(new URLSearchParams(body).get('payload') ?? '') as Json;
  } catch {
    return undefined;
  }
}

function formErrors(issues: readonly { path: string; message: string }[]): JsonObject {
  const errors = Object.fromEntries(
    issues.map(({ path, message }) => {
      const field = path.split('/')[2];
      return [field === undefined ? 'comment' : `field:${field}`, message];
    }),
  );
  return { response_action: 'errors', errors };
}
