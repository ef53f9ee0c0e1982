import type { CHAT_CHANNELS, NoticeChannel } from '../model/inquiry.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { NoticeEvent, Readiness } from '../model/notice.ts';
import type { Message, MessageOption } from './message.ts';

/** A way to ask people. A channel renders messages and verifies what comes back; it never decides, and looks nothing up. */
export interface ChatChannel {
  readonly name: NoticeChannel;
  /** Returns whether a tenant has what the channel needs. */
  ready(tenant: string): Promise<Readiness>;
  /**
   * Tells one event: posts the message of the question, or changes it. `place` is where that message is, null before there is
   * one; returns where it is now. Throws a NoticeError.
   */
  deliver(event: NoticeEvent, message: Message, place: JsonObject | null): Promise<JsonObject>;
  /** How what people do there comes back; absent where they answer elsewhere. */
  readonly inbound?: Inbound;
}

/** A channel in which people answer; its name is also that of the aliases of its users, and stands in their decisions. */
export type AnsweringChannel = ChatChannel & {
  readonly name: (typeof CHAT_CHANNELS)[number];
  readonly inbound: Inbound;
};

/** The way back from a chat service. */
export interface Inbound {
  /** Path of the open route that the service calls, and the media type of what it sends. */
  readonly path: string;
  readonly mediaType: 'application/x-www-form-urlencoded' | 'application/json';
  /**
   * Verifies that the service has sent a request, and reads what somebody has done; null for what decides nothing. Throws
   * `unauthenticated`, `forbidden` for another team or app, `token_invalid` for a handle that is not ours.
   */
  receive(request: Incoming): Promise<Act | null>;
}

/** A request of a chat service, as it was sent. */
export interface Incoming {
  header(name: string): string | undefined;
  body: string;
}

/** Who has done something, in the words of the chat service. */
export interface Actor {
  team: string;
  user: string;
}

/** A user whom the chat service vouches for. */
export interface Identity {
  /** Confirmed, in lower case; null: the user has none. */
  email: string | null;
}

/** What somebody has done: pressed a button, or submitted the form of an option. */
export interface Act {
  kind: 'press' | 'submit';
  /** The handle of the button or form. */
  sealed: string;
  actor: Actor;
  /** Equal in two deliveries of the same act. */
  once: string;
  /** Returns what was written into a field of the form; empty for none. */
  written(field: string): string;
  comment: string | null;
  /** Finds out who the actor is; null for guests, bots and people of other organizations. Throws a NoticeError. */
  identify(): Promise<Identity | null>;
  /** Whether the service waits for what becomes of a decision; otherwise it is answered at once. */
  waits: boolean;
  /** Returns the body of the answer to the request; null for an empty one. */
  reply(outcome: Outcome | null): Json;
  /** Tells the actor alone, after the request was answered. */
  tell(outcome: Outcome, place: JsonObject): Promise<void>;
}

/** What has become of an act; `message` is the question as it is now, null where that is not known. */
export type Outcome =
  /** A form or a reason is asked for before it counts. */
  | { kind: 'form'; option: MessageOption; message: Message }
  /** The form does not match its schema. */
  | { kind: 'invalid'; option: MessageOption; message: Message; issues: readonly { path: string; message: string }[] }
  /** It does not count. */
  | { kind: 'refused'; text: string; message: Message | null }
  /** The run has it; `text` says what the message does not show, null for nothing. */
  | { kind: 'taken'; text: string | null; message: Message };
