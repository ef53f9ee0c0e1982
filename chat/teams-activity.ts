import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/** An activity of the Bot Framework. It is not trusted until its sender is verified. */
export interface TeamsActivity {
  channelId: string;
  serviceUrl: string;
  /** The organization of the conversation (Microsoft Entra tenant). */
  organization: string;
  conversation: string;
  team: string | null;
  channel: string | null;
  /** The id of the sender in Teams, and in the directory of the organization. */
  from: string;
  user: string;
  /** Identifies the act; equal in repeated deliveries. */
  once: string;
  /** The handle of the pressed button; null if none was pressed. */
  sealed: string | null;
  /** Whether Teams waits for the updated card. */
  invoked: boolean;
  /** Whether the app was added to a team, or a channel was created in it. */
  installs: boolean;
  /** Returns the text of an input of the card; empty if there is none. */
  written(input: string): string;
}

/** Reads the body of a request; null if it is not an activity. */
export function readActivity(body: string): TeamsActivity | null {
  let parsed: Json;
  try {
    parsed = JSON.parse(body) as Json;
  } catch {
    return null;
  }
  if (!isJsonObject(parsed)) return null;
  const { type, name, id, channelId, serviceUrl, value } = parsed;
  const [from, conversation, channelData] = [parsed.from, parsed.conversation, parsed.channelData].map(objectOf);
  const invoked = type === 'invoke' && name === 'adaptiveCard/action';
  const given = objectOf(value);
  const action = objectOf(given.action);
  const data = invoked ? (action.verb === 'decide' ? objectOf(action.data) : {}) : type === 'message' ? given : {};
  const organization = idOf(channelData!.tenant) ?? textOf(conversation!.tenantId) ?? '';
  return {
    channelId: textOf(channelId) ?? '',
    serviceUrl: textOf(serviceUrl) ?? '',
    organization,
    conversation: textOf(conversation!.id) ?? '',
    team: idOf(channelData!.team),
    channel: idOf(channelData!.channel),
    from: textOf(from!.id) ?? '',
    user: textOf(from!.aadObjectId) ?? '',
    once: textOf(id) ?? '',
    sealed: textOf(data.sealed),
    invoked,
    installs: type === 'conversationUpdate' || type === 'installationUpdate',
    written: (input) => textOf(data[input]) ?? '',
  };
}

function idOf(value: Json | undefined): string | null {
  return textOf(objectOf(value).id);
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value ?? null) ? (value as JsonObject) : {};
}
