import { AppError } from '../model/app-error.ts';
import { type Delegation, heldDelegations } from '../model/delegation.ts';
import {
  type InquiryOption,
  type InquiryStatus,
  type NoticeChannel,
  requiredForm,
  type Vote,
} from '../model/inquiry.ts';
import { minuteOf } from '../model/instants.ts';
import type { JsonObject } from '../model/json.ts';
import type { Notice } from '../model/notice.ts';
import type { Sealer } from '../service/access/sealer.ts';
import { delegationFor, reasonFor } from '../service/notices/events.ts';

/** How many planned tasks a message shows. */
const MAX_PLANNED = 5;

/** An inquiry in the form that channels render: plain texts, complete. */
export interface Message {
  title: string;
  /** Why the reader is asked only now; null if no reason was given. */
  reason: string | null;
  details: string | null;
  status: InquiryStatus;
  /** The tasks that approval runs next: a heading, and the input as JSON. */
  plan: { heading: string; input: string }[];
  /** Who asks, and the deadline. */
  facts: string;
  votes: string[];
  /** How the inquiry ended; null while it is open. */
  closing: string | null;
  /** The buttons; none once the inquiry has ended. */
  options: MessageOption[];
  /** JSON Schema of the form; null without a form. */
  form: JsonObject | null;
}

/** An option of an inquiry, as a button. */
export interface MessageOption extends Pick<InquiryOption, 'ref' | 'label' | 'style' | 'outcome'> {
  /** The encrypted handle of the button or form: what it decides. */
  sealed: string;
  /** Whether the form is required. */
  form: boolean;
  /** Whether a form or a reason is asked for first. */
  asks: boolean;
}

/** The decrypted handle of a button or form: a notice, an option, and the hash of what was shown. */
export interface Handle {
  notice: number;
  option: string;
  /** Null in handles of older versions. */
  boundTo: string | null;
}

/** Composes messages and decrypts their handles. */
export interface Messages {
  /** Composes the current message of an inquiry; each option is bound to exactly what is shown. */
  compose(notice: Notice): Promise<Message>;
  /** Decrypts the handle of a button or form. Throws `token_invalid` if it was not created for the channel. */
  open(channel: NoticeChannel, sealed: string): Promise<Handle>;
}

/** Creates the messages. Each channel has a separate sealer, so that a handle is only valid in its channel. */
export function createMessages(sealers: (channel: NoticeChannel) => Sealer): Messages {
  return {
    async compose(notice) {
      const { inquiry, channel, id } = notice;
      const { request, status, plan, votes, bound_to, decided_at } = inquiry;
      const { prompt, details, response_schema: form } = request;
      const open = status === 'pending' ? request.options : [];
      const options = open.map(async (option): Promise<MessageOption> => {
        const { ref, label, style, outcome } = option;
        const needed = requiredForm(request, option) !== null;
        const sealed = await sealers(channel).seal({ notice: id, option: ref, bound_to });
        return { ref, label, style, outcome, sealed, form: needed, asks: needed || outcome === 'deny' };
      });
      return {
        title: prompt ?? `${notice.ref} asks for a decision`,
        reason: reasonText(notice),
        details,
        status,
        plan: plan.slice(0, MAX_PLANNED).map(({ task, action, input, rendered }) => {
          const heading = `${status === 'denied' ? 'Would have run' : 'Approval runs'} ${task} (${action})`;
          return {
            heading: rendered ? heading : `${heading}, with values that are known by then`,
            input: JSON.stringify(input, null, 2),
          };
        }),
        facts: factsOf(notice),
        votes: [...heldDelegations(inquiry).map(delegationText), ...votes.map(voteText)],
        closing: status === 'pending' ? null : closingText(status, decided_at),
        options: await Promise.all(options),
        form,
      };
    },

    async open(channel, sealed) {
      const { notice, option, bound_to: boundTo = null } = await sealers(channel).open(sealed);
      if (typeof notice !== 'number' || typeof option !== 'string') {
        throw new AppError('token_invalid', 'invalid button');
      }
      return { notice, option, boundTo: typeof boundTo === 'string' ? boundTo : null };
    },
  };
}

function reasonText({ inquiry, channel, target }: Notice): string | null {
  const delegation = delegationFor(inquiry, { channel, target });
  if (delegation !== null) {
    const why = delegation.reason === null ? '' : `: ${delegation.reason}`;
    return `You decide on behalf of ${delegation.by}${why}`;
  }
  const reason = reasonFor(inquiry, { channel, target });
  return reason === null ? null : `You are being asked because: ${reason}`;
}

function delegationText({ by, to, at }: Delegation): string {
  return `${to} decides on behalf of ${by} (delegated at ${minuteOf(at)})`;
}

function factsOf({ ref, owner, inquiry: { expires_at: expires } }: Notice): string {
  const until = expires === null ? '' : ` · until ${minuteOf(expires)}`;
  return `${ref} · started by ${owner ?? 'nobody'}${until}`;
}

function voteText({ by, option, comment, at, on_behalf_of: behalf }: Vote): string {
  const said = comment === null || comment === '' ? '' : `: ${comment}`;
  const who = behalf === undefined ? by : `${by} on behalf of ${behalf}`;
  return `${option} by ${who} at ${minuteOf(at)}${said}`;
}

function closingText(status: InquiryStatus, at: string | null): string {
  const words: Partial<Record<InquiryStatus, string>> = {
    cancelled: 'Withdrawn',
    expired: 'Expired: nobody decided in time',
  };
  const when = at === null ? '' : ` at ${minuteOf(at)}`;
  return `${words[status] ?? status[0]!.toUpperCase() + status.slice(1)}${when}`;
}
