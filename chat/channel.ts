import type { CHAT_CHANNELS, NoticeChannel } from '../model/inquiry.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { NoticeEvent, Readiness } from '../model/notice.ts';
import type { Message, MessageOption } from './message.ts';

/** A channel through which people are asked. It renders messages and verifies responses; it never decides. */
export interface ChatChannel {
  readonly name: NoticeChannel;
  /** Reports whether a tenant has the settings that the channel needs. */
  ready(tenant: string): Promise<Readiness>;
  /**
   * Delivers an event: posts or updates the message of the inquiry. `place` is where that message is, null if there is
   * none yet; returns where it is now. Throws a NoticeError.
   */
  deliver(event: NoticeEvent, message: Message, place: JsonObject | null): Promise<JsonObject>;
  /** How responses of people arrive; absent if people respond elsewhere. */
  readonly inbound?: Inbound;
}

/**
 * A channel in which people can respond. Its name is also the kind of the aliases of its users, and is recorded in
 * their decisions.
 */
export type AnsweringChannel = ChatChannel & {
  readonly name: (typeof CHAT_CHANNELS)[number];
  readonly inbound: Inbound;
};

/** How responses from a chat service are received. */
export interface Inbound {
  /** The path of the route that the service calls, and the media type of its requests. */
  readonly path: string;
  readonly mediaType: 'application/x-www-form-urlencoded' | 'application/json';
  /**
   * Verifies that the service sent a request, and reads the act of a person; null if it decides nothing. Throws
   * `unauthenticated`, `forbidden` for another team or app, and `token_invalid` for an unknown handle.
   */
  receive(request: Incoming): Promise<Act | null>;
}

/** A request of a chat service, unparsed. */
export interface Incoming {
  header(name: string): string | undefined;
  body: string;
}

/** The person who acted, by the ids of the chat service. */
export interface Actor {
  team: string;
  user: string;
}

/** A user whose identity the chat service confirms. */
export interface Identity {
  /** The confirmed e-mail address in lower case; null if the user has none. */
  email: string | null;
}

/** An act of a person: pressing a button, or submitting the form of an option. */
export interface Act {
  kind: 'press' | 'submit';
  /** The handle of the button or form. */
  sealed: string;
  actor: Actor;
  /** Identifies the act; equal in repeated deliveries. */
  once: string;
  /** Returns the text of a field of the form; empty if there is none. */
  written(field: string): string;
  comment: string | null;
  /** Identifies the actor; null for guests, bots and people of other organizations. Throws a NoticeError. */
  identify(): Promise<Identity | null>;
  /** Whether the response to the service waits for the outcome; otherwise it is sent at once. */
  waits: boolean;
  /** Returns the body of the response to the service; null for an empty one. */
  reply(outcome: ActOutcome | null): Json;
  /** Informs the actor privately, after the response was sent. */
  tell(outcome: ActOutcome, place: JsonObject): Promise<void>;
}

/** The outcome of an act. `message` is the current message of the inquiry; null if unknown. */
export type ActOutcome =
  /** A form or a reason is required first. */
  | { kind: 'form'; option: MessageOption; message: Message }
  /** The form does not match its schema. */
  | { kind: 'invalid'; option: MessageOption; message: Message; issues: readonly { path: string; message: string }[] }
  /** The act does not count. */
  | { kind: 'refused'; text: string; message: Message | null }
  /** The execution has received the decision. `text` is what the message does not show; null for nothing. */
  | { kind: 'taken'; text: string | null; message: Message };
