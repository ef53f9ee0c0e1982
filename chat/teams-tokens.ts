import { decodeJwt, importJWK, type JWK, jwtVerify } from 'jose';
import { readText } from '../egress/answer.ts';
import type { Egress } from '../egress/egress.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { NoticeError } from '../model/notice.ts';

/** The registration of a tenant's bot, and the endpoints of Microsoft. */
export interface TeamsSettings {
  appId: string;
  clientSecret: string;
  /** The organization (Microsoft Entra tenant) whose members decide. */
  organization: string;
  /** The issuer of tokens for outgoing calls, and the OpenID metadata for incoming ones. */
  loginUrl: string;
  metadataUrl: string;
}

/** The parts of an activity with which a token must agree. */
export interface TokenSubject {
  channelId: string;
  serviceUrl: string;
}

/** The issuer of the tokens that the Bot Framework sends. */
const ISSUER = 'https://api.botframework.com';

/** The scope of tokens for outgoing calls. */
const SCOPE = 'https://api.botframework.com/.default';

/** Allowed clock skew, in seconds. */
const CLOCK_TOLERANCE = 300;

/** Milliseconds after which a call of Microsoft is given up. */
const TIMEOUT = 10_000;

/** Milliseconds for which keys are cached, and between two reads because of an unknown key. */
const KEYS_FOR = 86_400_000;
const KEYS_PAUSE = 60_000;

/** Milliseconds before its expiry at which a token for outgoing calls is replaced. */
const EARLY = 300_000;

interface Keys {
  readAt: number;
  byId: Map<string, JWK & { endorsements?: unknown }>;
}

/** Verifies and obtains tokens of the Bot Framework. */
export interface TeamsTokens {
  /**
   * Reports whether the Bot Framework sent an activity with a token: checks issuer, audience, time, signature, the endorsement of the key
   * for the channel, and the service URL, which both must contain. Rejects if the keys cannot be read.
   */
  isGenuine(token: string, subject: TokenSubject, settings: TeamsSettings): Promise<boolean>;
  /** Returns the token for outgoing calls of a tenant's bot. Throws a NoticeError. */
  outgoing(settings: TeamsSettings): Promise<string>;
  /** Discards the token of a bot after it was refused. */
  forget(settings: TeamsSettings): void;
}

/** Creates the service. `clock` returns milliseconds. */
export function createTeamsTokens({ fetch }: Pick<Egress, 'fetch'>, clock: () => number): TeamsTokens {
  const keysOf = new Map<string, Keys>();
  const issued = new Map<string, { token: string; until: number }>();

  async function readJson(
    url: string,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ) {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
    const text = await readText(response);
    if (!response.ok) throw new Error(`${new URL(url).origin} responded with status ${response.status}`);
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : {};
  }

  async function readKeys(metadataUrl: string): Promise<Keys> {
    const { jwks_uri: uri } = await readJson(metadataUrl);
    const { keys } = await readJson(String(uri));
    const list = (Array.isArray(keys) ? keys : []) as unknown as JWK[];
    const read: Keys = { readAt: clock(), byId: new Map(list.map((key) => [String(key.kid), key])) };
    keysOf.set(metadataUrl, read);
    return read;
  }

  async function keyFor(metadataUrl: string, kid: string) {
    let keys = keysOf.get(metadataUrl);
    if (keys === undefined || clock() - keys.readAt > KEYS_FOR) keys = await readKeys(metadataUrl);
    if (!keys.byId.has(kid) && clock() - keys.readAt > KEYS_PAUSE) keys = await readKeys(metadataUrl);
    return keys.byId.get(kid);
  }

  return {
    async isGenuine(token, { channelId, serviceUrl }, settings) {
      let endorsed = false;
      const { payload } = await jwtVerify(
        token,
        async ({ kid, alg }) => {
          const key = kid === undefined ? undefined : await keyFor(settings.metadataUrl, kid).catch(unreadable);
          if (key === undefined) throw new NoSuchKey();
          endorsed = Array.isArray(key.endorsements) && key.endorsements.includes(channelId);
          return importJWK(key, alg);
        },
        {
          issuer: ISSUER,
          audience: settings.appId,
          algorithms: ['RS256'],
          clockTolerance: CLOCK_TOLERANCE,
          requiredClaims: ['exp', 'serviceurl'],
          currentDate: new Date(clock()),
        },
      ).catch((error: unknown) => {
        if (error instanceof KeysUnreadable) throw error;
        return { payload: null };
      });
      return payload !== null && endorsed && payload.serviceurl === serviceUrl;
    },

    async outgoing(settings) {
      const { loginUrl, organization, appId, clientSecret } = settings;
      const key = keyOf(settings);
      const known = issued.get(key);
      if (known !== undefined && clock() < known.until) return known.token;
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: appId,
        client_secret: clientSecret,
        scope: SCOPE,
      }).toString();
      const url = `${loginUrl}/${encodeURIComponent(organization)}/oauth2/v2.0/token`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      let answer: JsonObject;
      try {
        answer = await readJson(url, { method: 'POST', body, headers });
      } catch (cause) {
        throw new NoticeError(
          'Microsoft does not issue a token for the Teams app: check app_id, tenant_id and client_secret',
          {
            cause,
          },
        );
      }
      const token = String(answer.access_token ?? '');
      const until = clock() + Number(answer.expires_in ?? 0) * 1000 - EARLY;
      issued.set(key, { token, until });
      return token;
    },

    forget(settings) {
      issued.delete(keyOf(settings));
    },
  };
}

/** Returns a key for everything that identifies a bot. */
function keyOf({ loginUrl, organization, appId, clientSecret }: TeamsSettings): string {
  return JSON.stringify([loginUrl, organization, appId, clientSecret]);
}

/** Returns the app in the audience of a token, unverified; null if there is none. */
export function readAudience(token: string): string | null {
  try {
    const { aud } = decodeJwt(token);
    return typeof aud === 'string' ? aud : null;
  } catch {
    return null;
  }
}

/** The error for keys of the Bot Framework that cannot be read at the moment. */
class KeysUnreadable extends Error {}

class NoSuchKey extends Error {}

function unreadable(cause: unknown): never {
  throw new KeysUnreadable('the keys of the Bot Framework cannot be read', { cause });
}
