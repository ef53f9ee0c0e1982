import { readText } from '../egress/answer.ts';
import { type Egress, egressErrorIn, errorIn } from '../egress/egress.ts';
import { ProxyError } from '../egress/proxy.ts';
import { AppError } from '../model/app-error.ts';
import type { ConnectionOf } from '../model/connection.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { NoticeError } from '../model/notice.ts';
import type { Act, ActOutcome, AnsweringChannel, Identity, Incoming } from './channel.ts';
import { checkReadiness, demandSettings, isMissing, type SettingsOf } from './settings.ts';
import { readActivity, type TeamsActivity } from './teams-activity.ts';
import { buildAttachment, type CardNote, inputIdOf, renderCard } from './teams-card.ts';
import { createTeamsTokens, readAudience, type TeamsSettings } from './teams-tokens.ts';

/** The services that the channel uses. */
export interface TeamsServices {
  settingsOf: SettingsOf<TeamsSettings>;
  /** Returns the tenants whose connection has an app id. */
  tenantsOf(appId: string): Promise<string[]>;
  /** Returns the tenant to which the handle of a button belongs; null for an unknown handle. */
  tenantOf(sealed: string): Promise<string | null>;
  /** The service URLs of Teams channels, which are learned only from verified activities. */
  places: {
    find(tenant: string, place: string): Promise<string | null>;
    note(tenant: string, places: readonly string[], serviceUrl: string): Promise<void>;
  };
  egress: Pick<Egress, 'fetch'>;
  /** Returns milliseconds. */
  clock: () => number;
}

/** The path to which the Bot Framework sends activities; its token is the credential. */
export const TEAMS_MESSAGES = '/api/v1/chat/teams/messages';

/** Milliseconds after which a call of Teams is given up. */
const TIMEOUT = 10_000;

/** Statuses for which retrying does not help: invalid card, no permission, no such channel. */
const PERMANENT = [400, 403, 404, 410];

/** The default endpoints of Microsoft. */
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

/** Creates the channel that asks people in Microsoft Teams, with Adaptive Cards. */
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
      throw new NoticeError((egressErrorIn(cause) ?? errorIn(cause, ProxyError))?.message ?? 'Teams did not respond', {
        cause,
      });
    }
    const { status } = response;
    if (status === 401) tokens.forget(settings);
    if (!response.ok) {
      const retryAfter = Number(response.headers.get('retry-after')) || undefined;
      throw new NoticeError(`Teams responded with status ${status}`, {
        retryAfter,
        permanent: PERMANENT.includes(status),
      });
    }
    const answer = text === '' ? {} : (JSON.parse(text) as Json);
    return isJsonObject(answer) ? answer : {};
  }

  /**
   * Returns the tenant for which an activity was sent: its app is the audience of the token, and its organization that
   * of the activity. Throws `forbidden`.
   */
  async function senderOf(request: Incoming, activity: TeamsActivity): Promise<string> {
    const foreign = new AppError('forbidden', 'the activity was not sent by Microsoft Teams for this app');
    const token = /^Bearer (.+)$/i.exec(request.header('authorization') ?? '')?.[1];
    if (token === undefined) throw foreign;
    let trouble: unknown = foreign;
    for (const tenant of await candidatesFor(token, activity)) {
      const settings = await settingsOf(tenant);
      if (isMissing(settings) || settings.organization !== activity.organization) continue;
      try {
        if (await tokens.isGenuine(token, activity, settings)) return tenant;
      } catch (error) {
        // An error about the keys of one tenant says nothing about those of another.
        trouble = error;
      }
    }
    throw trouble;
  }

  /** Returns the tenants whose app a token is for; only the owner of the button, where the activity is from one. */
  async function candidatesFor(token: string, { sealed }: TeamsActivity): Promise<string[]> {
    const appId = readAudience(token);
    const owner = sealed === null ? null : await tenantOf(sealed);
    const tenants = appId === null ? [] : await tenantsOf(appId);
    return owner === null ? tenants : tenants.filter((tenant) => tenant === owner);
  }

  /** Records the service URL of the channels of a team; they are listed when the app is added to it. */
  async function notePlaces(tenant: string, activity: TeamsActivity): Promise<void> {
    const { serviceUrl, team, channel, installs } = activity;
    const named = [team, channel].filter((place) => place !== null);
    await places.note(tenant, named, serviceUrl);
    if (!installs || team === null) return;
    const settings = await settingsFor(tenant);
    const url = `${base(serviceUrl)}/v3/teams/${encodeURIComponent(team)}/conversations`;
    // Channels that are missing here become known with their first message.
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
      // The form is on the card, so every button submits it.
      kind: 'submit',
      sealed,
      actor: { team: organization, user },
      once,
      written: (field) => written(inputIdOf(field)),
      comment: comment === '' ? null : comment,
      waits: invoked,
      identify: () => identify(tenant, activity),
      reply: (outcome) => (invoked && outcome !== null ? invokeAnswer(outcome, written) : null),
      // Somebody may press a button before the place of its message is stored.
      async tell(outcome, { conversation = activity.conversation }) {
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

    ready: (tenant) => checkReadiness(settingsOf, tenant),

    async deliver({ tenant, target, kind }, message, place) {
      const settings = await settingsFor(tenant);
      const serviceUrl = await places.find(tenant, target);
      if (serviceUrl === null) {
        throw new NoticeError('the Teams app is not in this channel: install it in the team or mention it there once');
      }
      const conversations = `${base(serviceUrl)}/v3/conversations`;
      const summary = message.title.slice(0, 200);
      const activity = { type: 'message', summary, attachments: [buildAttachment(message)] };
      if (place === null) {
        const channelData = { channel: { id: target } };
        const sent = await call(settings, 'POST', conversations, { isGroup: true, channelData, activity });
        return { conversation: String(sent.id ?? ''), activity: String(sent.activityId ?? '') };
      }
      const thread = `${conversations}/${encodeURIComponent(String(place.conversation))}/activities`;
      if (kind === 'reminded') {
        const text = `Reminder: ${summary}`;
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
        if (activity === null) throw new AppError('forbidden', 'the body is not a Microsoft Teams activity');
        const tenant = await senderOf(request, activity);
        await notePlaces(tenant, activity);
        const { sealed } = activity;
        if (sealed === null) return null;
        if ((await tenantOf(sealed)) === null)
          throw new AppError('token_invalid', 'the button is not from a message of this service');
        return actOf(tenant, sealed, activity);
      },
    },
  };
}

function base(serviceUrl: string): string {
  return serviceUrl.replace(/\/+$/, '');
}

/** Returns the text for the actor; null if the card says it. */
function textOf(outcome: ActOutcome): string | null {
  if (outcome.kind === 'form') return null;
  if (outcome.kind !== 'invalid') return outcome.text;
  return outcome.issues.map(({ path, message }) => `${path} ${message}`).join('; ');
}

/** Returns the response to a button: the current card, with problems and entered values. */
function invokeAnswer(outcome: ActOutcome, written: (input: string) => string): Json {
  const { message } = outcome;
  if (message === null) {
    const value = { code: 'InternalServerError', message: textOf(outcome) ?? '' };
    return { statusCode: 500, type: 'application/vnd.microsoft.error', value };
  }
  const issues = outcome.kind === 'invalid' ? outcome.issues : [];
  const text = outcome.kind === 'invalid' ? 'This was not counted yet: the form is incomplete.' : textOf(outcome);
  const note: CardNote = { text, issues, written: outcome.kind === 'invalid' ? written : () => '' };
  return { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: renderCard(message, note) };
}
