import { decodeJwt, importJWK, type JWK, jwtVerify } from 'jose';
import { readText } from '../egress/answer.ts';
import type { Egress } from '../egress/egress.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { NoticeError } from '../model/notice.ts';

/** How a tenant's bot is known to Microsoft, and where Microsoft is. */
export interface TeamsSettings {
  appId: string;
  clientSecret: string;
  /** The organization (Microsoft Entra tenant) whose people decide. */
  organization: string;
  /** Where tokens for outgoing calls are issued, and where the keys of incoming ones are described. */
  loginUrl: string;
  metadataUrl: string;
}

/** The parts of an activity that a token must agree with. */
export interface TokenSubject {
  channelId: string;
  serviceUrl: string;
}

/** The issuer of the tokens that the Bot Framework sends. */
const ISSUER = 'https://api.botframework.com';

/** What outgoing calls ask for. */
const SCOPE = 'https://api.botframework.com/.default';

/** Seconds by which clocks may differ. */
const CLOCK_TOLERANCE = 300;

/** Milliseconds after which Microsoft is given up for now. */
const TIMEOUT = 10_000;

/** Milliseconds for which keys are believed, and between two readings because of a key that is not known. */
const KEYS_FOR = 86_400_000;
const KEYS_PAUSE = 60_000;

/** Milliseconds before its end at which a token for outgoing calls is replaced. */
const EARLY = 300_000;

interface Keys {
  readAt: number;
  byId: Map<string, JWK & { endorsements?: unknown }>;
}

/** Makes what checks and gets the tokens of the Bot Framework; `clock` gives milliseconds. */
export function createTeamsTokens({ fetch }: Pick<Egress, 'fetch'>, clock: () => number) {
  const keysOf = new Map<string, Keys>();
  const issued = new Map<string, { token: string; until: number }>();

  async function readJson(
    url: string,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ) {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
    const text = await readText(response);
    if (!response.ok) throw new Error(`${new URL(url).origin} answered ${response.status}`);
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
    /**
     * Returns whether the Bot Framework has sent an activity with a token: issuer, audience, time and signature, the endorsement
     * of the key for the channel, and the service URL that both must name. Rejects where the keys cannot be read.
     */
    async isGenuine(token: string, { channelId, serviceUrl }: TokenSubject, settings: TeamsSettings): Promise<boolean> {
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

    /** Returns the token for outgoing calls of a tenant's bot. Throws a NoticeError. */
    async outgoing(settings: TeamsSettings): Promise<string> {
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
        throw new NoticeError('Microsoft gives the Teams app no token: check app_id, tenant_id and client_secret', {
          cause,
        });
      }
      const token = String(answer.access_token ?? '');
      const until = clock() + Number(answer.expires_in ?? 0) * 1000 - EARLY;
      issued.set(key, { token, until });
      return token;
    },

    /** Forgets the token of a bot, which was refused. */
    forget(settings: TeamsSettings): void {
      issued.delete(keyOf(settings));
    },
  };
}

/** Everything by which Microsoft knows a bot. */
function keyOf({ loginUrl, organization, appId, clientSecret }: TeamsSettings): string {
  return JSON.stringify([loginUrl, organization, appId, clientSecret]);
}

/** Returns the app that a token is meant for, without believing it; null where it names none. */
export function audienceOf(token: string): string | null {
  try {
    const { aud } = decodeJwt(token);
    return typeof aud === 'string' ? aud : null;
  } catch {
    return null;
  }
}

/** The keys of the Bot Framework cannot be read just now. */
class KeysUnreadable extends Error {}

class NoSuchKey extends Error {}

function unreadable(cause: unknown): never {
  throw new KeysUnreadable('the keys of the Bot Framework cannot be read', { cause });
}
