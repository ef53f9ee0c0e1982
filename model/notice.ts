import type { Inquiry, NoticeKind } from './inquiry.ts';
import type { JsonObject } from './json.ts';

/** What is to be told of an inquiry, and where: a channel, an address, a URL. */
export interface Notice {
  id: number;
  tenant: string;
  target: string;
  /** How the inquiry is called. */
  inquiryId: string;
  /** The workflow that asks, and who started its run. */
  ref: string;
  owner: string | null;
  /** Integer id of the run. */
  execution: number;
  inquiry: Inquiry;
}

/** What tells people of inquiries in one way. Errors are NoticeErrors, or are taken for trouble that passes. */
export interface Announcer {
  readonly kind: NoticeKind;
  /** Asks; gives what it needs to find the message again. */
  ask(notice: Notice): Promise<JsonObject>;
  /** Tells how the inquiry stands now. */
  update(notice: Notice, handle: JsonObject): Promise<void>;
  /** Asks again who has not decided. */
  remind(notice: Notice, handle: JsonObject): Promise<void>;
}

/** Nothing could be told; `retryAfter`: seconds that whoever takes it asks for. */
export class NoticeError extends Error {
  readonly retryAfter: number | undefined;

  constructor(message: string, options: { retryAfter?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'NoticeError';
    this.retryAfter = options.retryAfter;
  }
}
