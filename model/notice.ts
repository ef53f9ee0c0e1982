import type { Inquiry, NoticeChannel } from './inquiry.ts';
import type { JsonObject } from './json.ts';

/** What has happened to an inquiry that a target is told of. */
export const NOTICE_KINDS = [
  'opened',
  'voted',
  'delegated',
  'changed',
  'reminded',
  'decided',
  'expired',
  'withdrawn',
] as const;

/** What has happened to an inquiry that a target is told of. */
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What has become of an event. */
export const DELIVERY_STATES = ['pending', 'delivered', 'retrying', 'superseded', 'not_set_up', 'given_up'] as const;

/** What has become of an event. */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** States of events that are tried again. */
export const UNSETTLED: readonly DeliveryState[] = ['pending', 'retrying', 'not_set_up'];

/** An inquiry, and where people are told of it: a chat channel, an address, a URL. */
export interface Notice {
  /** The number that stands in handles: that of the target's `opened` event. */
  id: number;
  tenant: string;
  channel: NoticeChannel;
  target: string;
  /** The id of the inquiry in the API. */
  inquiryId: string;
  /** The workflow that asks, and who started its run. */
  ref: string;
  owner: string | null;
  /** Integer id of the run. */
  execution: number;
  inquiry: Inquiry;
}

/** One thing to tell one target; of each kind the events of a target are numbered from 1. */
export interface NoticeEvent extends Notice {
  kind: NoticeKind;
  number: number;
}

/** What a tenant lacks for a channel: the name of a setting or connection. */
export interface MissingSetting {
  ok: false;
  setting: string;
}

/** Whether a channel can be used by a tenant. */
export type Readiness = { ok: true } | MissingSetting;

/** Tells people or programs of inquiries in one way. */
export interface Announcer {
  readonly channel: NoticeChannel;
  /** Returns whether a tenant has what the channel needs. */
  ready(tenant: string): Promise<Readiness>;
  /**
   * Tells one event. `place` is where the message of the inquiry is, null before there is one; returns where it is now. Throws a
   * NoticeError, whose message may be shown; any other error is trouble that passes.
   */
  deliver(event: NoticeEvent, place: JsonObject | null): Promise<JsonObject>;
}

/**
 * Says why an event could not be told, in words that may be shown. `retryAfter`: seconds that the receiver asks to wait;
 * `permanent`: another try would fail as well.
 */
export class NoticeError extends Error {
  readonly retryAfter: number | undefined;
  readonly permanent: boolean;

  constructor(
    message: string,
    options: { retryAfter?: number | undefined; permanent?: boolean | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'NoticeError';
    this.retryAfter = options.retryAfter;
    this.permanent = options.permanent ?? false;
  }
}
