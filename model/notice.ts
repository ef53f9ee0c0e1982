import type { Inquiry, NoticeChannel } from './inquiry.ts';
import type { JsonObject } from './json.ts';

/** The kinds of events of an inquiry about which targets are notified. */
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

/** The kind of an event of an inquiry. */
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** The states of the delivery of an event. */
export const DELIVERY_STATES = ['pending', 'delivered', 'retrying', 'superseded', 'not_set_up', 'given_up'] as const;

/** The state of the delivery of an event. */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** States of events that are tried again. */
export const UNSETTLED: readonly DeliveryState[] = ['pending', 'retrying', 'not_set_up'];

/** An inquiry, and a target that is notified: a chat channel, an address, a URL. */
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

/** An event for one target; the events of each kind are numbered from 1 for each target. */
export interface NoticeEvent extends Notice {
  kind: NoticeKind;
  number: number;
}

/** The name of the setting or connection that a tenant lacks for a channel. */
export interface MissingSetting {
  ok: false;
  setting: string;
}

/** Whether a channel can be used by a tenant. */
export type Readiness = { ok: true } | MissingSetting;

/** A channel through which people or programs are notified of inquiries. */
export interface Announcer {
  readonly channel: NoticeChannel;
  /** Returns whether a tenant has what the channel needs. */
  ready(tenant: string): Promise<Readiness>;
  /**
   * Delivers one event. `place` is where the message of the inquiry is, null before there is one; returns where it is now. Throws a
   * NoticeError, whose message may be shown; any other error is temporary.
   */
  deliver(event: NoticeEvent, place: JsonObject | null): Promise<JsonObject>;
}

/**
 * The error of an event that could not be delivered, with a message that may be shown. `retryAfter`: seconds that the receiver asks to
 * wait; `permanent`: another try would fail as well.
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
