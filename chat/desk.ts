import { createHash } from 'node:crypto';
import { AppError } from '../model/app-error.ts';
import { requiredForm } from '../model/inquiry.ts';
import { formResponse } from '../model/inquiry-form.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Notice } from '../model/notice.ts';
import type { Principal } from '../model/principal.ts';
import type { PrincipalService } from '../service/access/principals.ts';
import type { InquiryService } from '../service/inquiries/inquiries.ts';
import type { Outbox } from '../service/notices/outbox.ts';
import type { Act, ActOutcome, AnsweringChannel } from './channel.ts';
import type { Handle, Messages } from './message.ts';

/** The services that the desk uses. */
export interface DeskServices {
  messages: Messages;
  outbox: Outbox;
  inquiries: InquiryService;
  principals: PrincipalService;
}

/** An act with its decrypted handle. */
export interface Taken {
  notice: Notice;
  /** Where the message of the inquiry is. */
  place: JsonObject;
  /** Returns what is required before a decision: a form, or corrections to it; null for nothing. */
  first: ActOutcome | null;
  /** Decides the inquiry as it was shown, if the actor may. */
  decide(): Promise<ActOutcome>;
}

/** Processes acts of people in chats: decrypts the handle, finds the person, and decides the inquiry as it was shown. */
export interface Desk {
  /** Decrypts the handle of an act; null if its notice no longer exists. Throws `token_invalid` for an unknown handle. */
  take(channel: AnsweringChannel, act: Act): Promise<Taken | null>;
}

/** Creates the desk, which all channels share. */
export function createDesk({ messages, outbox, inquiries, principals }: DeskServices): Desk {
  /** Returns the principal of an actor, or the message for an actor without one. */
  async function personOf(channel: AnsweringChannel, act: Act, tenant: string): Promise<Principal | string> {
    const { team, user } = act.actor;
    const known = await act.identify();
    if (known === null) return 'Guests and people of other organizations cannot decide here.';
    const byUser = await principals.findPerson(tenant, channel.name, `${team}/${user}`);
    const person = byUser ?? (known.email === null ? null : await principals.findPerson(tenant, 'email', known.email));
    return person ?? 'Your user and your confirmed e-mail address do not belong to anyone who can decide here.';
  }

  async function decide(channel: AnsweringChannel, act: Act, notice: Notice, handle: Handle): Promise<ActOutcome> {
    const now = async () => messages.compose((await outbox.find(notice.id))?.notice ?? notice);
    const refused = async (text: string): Promise<ActOutcome> => ({ kind: 'refused', text, message: await now() });
    const { option, boundTo } = handle;
    const person = await personOf(channel, act, notice.tenant);
    if (typeof person === 'string') return refused(person);
    if (boundTo === null) {
      await outbox.refresh(notice.id);
      return refused(
        'This was not counted: the message was sent by an earlier version of Fermata. Please look at the updated message.',
      );
    }
    const response = responseTo(notice, option, act);
    const id = `${channel.name}-${decisionIdOf(notice, act)}`;
    const answer = { option, response, comment: act.comment, channel: channel.name, id, boundTo };
    try {
      const { result, view } = await inquiries.respond(person, notice.inquiryId, answer);
      const text = result === 'received' ? 'Received. It counts as soon as the execution processes it.' : null;
      return { kind: 'taken', text, message: await messages.compose({ ...notice, inquiry: view.inquiry }) };
    } catch (error) {
      if (!(error instanceof AppError) || (error.status >= 500 && error.code !== 'busy')) throw error;
      // The person must see the current state after a decision about an outdated one.
      if (error.code === 'binding_changed') await outbox.refresh(notice.id);
      return refused(`This was not counted: ${error.message}.`);
    }
  }

  /** Returns what is required before a decision. */
  async function firstOf(act: Act, notice: Notice, { option, boundTo }: Handle): Promise<ActOutcome | null> {
    // A form is only shown for a decision that can count.
    if (notice.inquiry.request.bind && boundTo !== notice.inquiry.bound_to) return null;
    const message = await messages.compose(notice);
    const found = message.options.find(({ ref }) => ref === option);
    if (found === undefined) return null;
    // The form applies to what was shown when the button was pressed.
    const offered = { ...found, sealed: act.sealed };
    if (act.kind === 'press') return offered.asks ? { kind: 'form', option: offered, message } : null;
    if (!offered.form || message.form === null) return null;
    const issues = inquiries.checkForm(message.form, responseTo(notice, option, act));
    return issues.length === 0 ? null : { kind: 'invalid', option: offered, message, issues };
  }

  return {
    async take(channel, act) {
      const handle = await messages.open(channel.name, act.sealed);
      const found = await outbox.find(handle.notice);
      if (found === null || found.notice.channel !== channel.name) return null;
      const { notice, place } = found;
      return {
        notice,
        place,
        first: await firstOf(act, notice, handle),
        decide: () => decide(channel, act, notice, handle),
      };
    },
  };
}

/** Returns the response that was entered for an option; null if it needs none. */
function responseTo({ inquiry: { request } }: Notice, option: string, act: Act): Json {
  const chosen = request.options.find(({ ref }) => ref === option);
  const schema = chosen === undefined ? null : requiredForm(request, chosen);
  return formResponse(schema, (field) => act.written(field));
}

/** Returns the id of the decision of an act; equal in repeated deliveries, so that they are one decision. */
function decisionIdOf({ id }: Notice, { actor, once, sealed }: Act): string {
  return createHash('sha256').update(`${id} ${actor.user} ${once} ${sealed}`).digest('hex').slice(0, 32);
}
