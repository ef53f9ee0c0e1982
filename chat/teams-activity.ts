import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/** An activity of the Bot Framework, as far as it matters here. Nothing of it is believed before its sender is known. */
export interface TeamsActivity {
  channelId: string;
  serviceUrl: string;
  /** The organization of the conversation (Microsoft Entra tenant). */
  organization: string;
  conversation: string;
  team: string | null;
  channel: string | null;
  /** The sender in Teams' words, and in those of the organization's directory. */
  from: string;
  user: string;
  /** Equal in two deliveries of one act. */
  once: string;
  /** The handle of the button that was pressed; null: none was. */
  sealed: string | null;
  /** Whether Teams waits for the new card. */
  invoked: boolean;
  /** Whether the app, or a channel, has come into a team. */
  installs: boolean;
  /** Returns what was entered in an input of the card; empty for nothing. */
  written(input: string): string;
}

/** Reads the body of a request; null where it is not an activity. */
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
