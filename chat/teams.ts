import { readText } from '../egress/answer.ts';
import { type Egress, egressErrorIn, errorIn } from '../egress/egress.ts';
import { ProxyError } from '../egress/proxy.ts';
import { AppError } from '../model/app-error.ts';
import type { ConnectionOf } from '../model/connection.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { NoticeError } from '../model/notice.ts';
import type { Act, AnsweringChannel, Identity, Incoming, Outcome } from './channel.ts';
import { demandSettings, isMissing, readinessOf, type SettingsOf } from './settings.ts';
import { readActivity, type TeamsActivity } from './teams-activity.ts';
import { attachmentOf, type CardNote, cardOf, inputOf } from './teams-card.ts';
import { audienceOf, createTeamsTokens, type TeamsSettings } from './teams-tokens.ts';

/** What the channel stands on. */
export interface TeamsServices {
  settingsOf: SettingsOf<TeamsSettings>;
  /** The tenants whose connection names an app. */
  tenantsOf(appId: string): Promise<string[]>;
  /** The tenant that the handle of a button belongs to; null for a handle that is not ours. */
  tenantOf(sealed: string): Promise<string | null>;
  /** Where a Teams channel is reached: known from a verified activity, and from nothing else. */
  places: {
    find(tenant: string, place: string): Promise<string | null>;
    note(tenant: string, places: readonly string[], serviceUrl: string): Promise<void>;
  };
  egress: Pick<Egress, 'fetch'>;
  /** Gives milliseconds. */
  clock: () => number;
}

/** Where the Bot Framework sends what people do; open, since its token is the credential. */
export const TEAMS_MESSAGES = '/api/v1/chat/teams/messages';

/** Milliseconds after which Teams is given up for now. */
const TIMEOUT = 10_000;

/** Statuses that another try does not mend: the card is not valid, the app may not write there, the channel is gone. */
const PERMANENT = [400, 403, 404, 410];

/** Where Microsoft is, unless a connection says otherwise. */
const LOGIN = 'https://login.microsoftonline.com';
const METADATA = 'https://login.botframework.com/v1/.well-known/openidconfiguration';

/** Reads the settings of a connection. */
export function teamsSettings({ settings, secrets }: ConnectionOf<'teams'>): TeamsSettings {
  const {
    app_id: appId,
    tenant_id: organization,
    login_url: loginUrl = LOGIN,
    metadata_url: metadataUrl = METADATA,
  } = settings;
  return {
    appId,
    clientSecret: secrets.client_secret,
    organization: organization.toLowerCase(),
    loginUrl: loginUrl.replace(/\/+$/, ''),
    metadataUrl,
  };
}

/** Makes the channel that asks people in Microsoft Teams, with Adaptive Cards. */
export function createTeamsChannel(services: TeamsServices): AnsweringChannel {
  const { settingsOf, tenantsOf, tenantOf, places, egress, clock } = services;
  const tokens = createTeamsTokens(egress, clock);

  const settingsFor = (tenant: string) => demandSettings(settingsOf, tenant, 'Teams is');

  async function call(settings: TeamsSettings, method: string, url: string, body?: JsonObject): Promise<JsonObject> {
    const authorization = `Bearer ${await tokens.outgoing(settings)}`;
    let response: Awaited<ReturnType<Egress['fetch']>>;
    let text: string;
    try {
      response = await egress.fetch(url, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      });
      text = await readText(response);
    } catch (cause) {
      throw new NoticeError((egressErrorIn(cause) ?? errorIn(cause, ProxyError))?.message ?? 'Teams did not answer', {
        cause,
      });
    }
    const { status } = response;
    if (status === 401) tokens.forget(settings);
    if (!response.ok) {
      const retryAfter = Number(response.headers.get('retry-after')) || undefined;
      throw new NoticeError(`Teams answered ${status}`, { retryAfter, permanent: PERMANENT.includes(status) });
    }
    const answer = text === '' ? {} : (JSON.parse(text) as Json);
    return isJsonObject(answer) ? answer : {};
  }

  /** Finds out who has sent an activity: a tenant whose app its token is for and whose organization it is of. */
  async function senderOf(request: Incoming, activity: TeamsActivity): Promise<string> {
    const token = /^Bearer (.+)$/i.exec(request.header('authorization') ?? '')?.[1];
    const appId = token === undefined ? null : audienceOf(token);
    const owner = activity.sealed === null ? null : await tenantOf(activity.sealed);
    const candidates = token === undefined || appId === null ? [] : await tenantsOf(appId);
    let trouble: unknown = null;
    for (const tenant of candidates) {
      if (owner !== null && owner !== tenant) continue;
      const settings = await settingsOf(tenant);
      if (isMissing(settings) || settings.organization !== activity.organization) continue;
      try {
        if (await tokens.isGenuine(token!, activity, settings)) return tenant;
      } catch (error) {
        // Where one tenant's keys are says nothing of another's.
        trouble = error;
      }
    }
    if (trouble !== null) throw trouble;
    throw new AppError('forbidden', 'the activity is not sent by Microsoft Teams for an app of ours');
  }

  /** Notes where the channels of a team are reached; a team is asked for them when the app comes into it. */
  async function notePlaces(tenant: string, activity: TeamsActivity): Promise<void> {
    const { serviceUrl, team, channel, installs } = activity;
    const named = [team, channel].filter((place) => place !== null);
    await places.note(tenant, named, serviceUrl);
    if (!installs || team === null) return;
    const settings = await settingsFor(tenant);
    const url = `${base(serviceUrl)}/v3/teams/${encodeURIComponent(team)}/conversations`;
    // What is not found out here becomes known by the first message in the channel.
    const { conversations } = await call(settings, 'GET', url).catch((): JsonObject => ({}));
    const ids = (Array.isArray(conversations) ? conversations : []).map((each) =>
      isJsonObject(each) ? each.id : null,
    );
    await places.note(
      tenant,
      ids.filter((id) => typeof id === 'string'),
      serviceUrl,
    );
  }

  async function identify(tenant: string, activity: TeamsActivity): Promise<Identity | null> {
    const settings = await settingsFor(tenant);
    const { serviceUrl, conversation, from, user } = activity;
    const url = `${base(serviceUrl)}/v3/conversations/${encodeURIComponent(conversation)}/members/${encodeURIComponent(from)}`;
    const member = await call(settings, 'GET', url).catch((error: unknown) => {
      if (error instanceof NoticeError && error.permanent) return null;
      throw error;
    });
    if (member === null) return null;
    const { aadObjectId, objectId, tenantId, userRole, email, userPrincipalName: name } = member;
    if ((aadObjectId ?? objectId) !== user || tenantId !== settings.organization) return null;
    if (userRole !== 'user' || String(name ?? '').includes('#EXT#')) return null;
    const address = typeof email === 'string' && email !== '' ? email : typeof name === 'string' ? name : null;
    return { email: address?.toLowerCase() ?? null };
  }

  function actOf(tenant: string, sealed: string, activity: TeamsActivity): Act {
    const { organization, user, once, written, invoked, serviceUrl } = activity;
    const comment = written('comment');
    return {
      // The form stands on the card, so that whatever is pressed brings it.
      kind: 'submit',
      sealed,
      actor: { team: organization, user },
      once,
      written: (field) => written(inputOf(field)),
      comment: comment === '' ? null : comment,
      waits: invoked,
      identify: () => identify(tenant, activity),
      reply: (outcome) => (invoked && outcome !== null ? invokeAnswer(outcome, written) : null),
      async tell(outcome, { conversation }) {
        const text = textOf(outcome);
        if (text === null) return;
        const settings = await settingsFor(tenant);
        const url = `${base(serviceUrl)}/v3/conversations/${encodeURIComponent(String(conversation))}/activities`;
        await call(settings, 'POST', url, { type: 'message', textFormat: 'plain', text });
      },
    };
  }

  return {
    name: 'teams',

    ready: (tenant) => readinessOf(settingsOf, tenant),

    async deliver({ tenant, target, kind }, message, place) {
      const settings = await settingsFor(tenant);
      const serviceUrl = await places.find(tenant, target);
      if (serviceUrl === null) {
        throw new NoticeError('the Teams app is not in this channel: install it in the team, or mention it there once');
      }
      const conversations = `${base(serviceUrl)}/v3/conversations`;
      const summary = message.title.slice(0, 200);
      const activity = { type: 'message', summary, attachments: [attachmentOf(message)] };
      if (place === null) {
        const channelData = { channel: { id: target } };
        const sent = await call(settings, 'POST', conversations, { isGroup: true, channelData, activity });
        return { conversation: String(sent.id ?? ''), activity: String(sent.activityId ?? '') };
      }
      const thread = `${conversations}/${encodeURIComponent(String(place.conversation))}/activities`;
      if (kind === 'reminded') {
        const text = `Still to be decided: ${summary}`;
        await call(settings, 'POST', thread, { type: 'message', textFormat: 'plain', text });
      } else {
        const id = String(place.activity);
        await call(settings, 'PUT', `${thread}/${encodeURIComponent(id)}`, { ...activity, id });
      }
      return place;
    },

    inbound: {
      path: TEAMS_MESSAGES,
      mediaType: 'application/json',

      async receive(request) {
        const activity = readActivity(request.body);
        if (activity === null) throw new AppError('forbidden', 'the body is not an activity of Microsoft Teams');
        const tenant = await senderOf(request, activity);
        await notePlaces(tenant, activity);
        const { sealed } = activity;
        if (sealed === null) return null;
        if ((await tenantOf(sealed)) === null)
          throw new AppError('token_invalid', 'the handle is not of a button of ours');
        return actOf(tenant, sealed, activity);
      },
    },
  };
}

function base(serviceUrl: string): string {
  return serviceUrl.replace(/\/+$/, '');
}

/** What the actor is told in words; null where the card says it. */
function textOf(outcome: Outcome): string | null {
  if (outcome.kind === 'form') return null;
  if (outcome.kind !== 'invalid') return outcome.text;
  return outcome.issues.map(({ path, message }) => `${path} ${message}`).join('; ');
}

/** The answer to a button: the card as it is now, with what is wrong on it and what was entered. */
function invokeAnswer(outcome: Outcome, written: (input: string) => string): Json {
  const { message } = outcome;
  if (message === null) {
    const value = { code: 'InternalServerError', message: textOf(outcome) ?? '' };
    return { statusCode: 500, type: 'application/vnd.microsoft.error', value };
  }
  const issues = outcome.kind === 'invalid' ? outcome.issues : [];
  const text = outcome.kind === 'invalid' ? 'This does not count yet: the form is not complete.' : textOf(outcome);
  const note: CardNote = { text, issues, written: outcome.kind === 'invalid' ? written : () => '' };
  return { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: cardOf(message, note) };
}
