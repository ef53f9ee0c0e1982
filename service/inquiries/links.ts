import { randomUUID } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { heldDelegations } from '../../model/delegation.ts';
import { type Inquiry, requiredForm, type Vote } from '../../model/inquiry.ts';
import { formResponse } from '../../model/inquiry-form.ts';
import { canonicalJson, type Json, type JsonObject } from '../../model/json.ts';
import { grantName } from '../../model/names.ts';
import type { Notice } from '../../model/notice.ts';
import { NOBODY_ID, type Principal } from '../../model/principal.ts';
import { sha256Hex } from '../access/hash.ts';
import type { PrincipalService } from '../access/principals.ts';
import type { Sealer } from '../access/sealer.ts';
import type { Answered, InquiryService, InquiryView } from './inquiries.ts';

/** The most seconds for which a link is valid, and for which the page that it opens is. */
const LINK_SECONDS = 86_400;
export const PAGE_SECONDS = 3_600;

/** A question that an address is asked. */
interface Asked {
  inquiry: string;
  tenant: string;
  address: string;
}

/** The encrypted contents of links, pages (their cookies) and forms. Times in milliseconds. */
interface LinkClaims extends Asked {
  kind: 'link';
  expires: number;
}
interface PageClaims extends Asked {
  kind: 'page';
  expires: number;
}
interface FormClaims extends Asked {
  kind: 'form';
  expires: number;
  /** The id of the decision that the form makes: submitted again, it is the same decision. */
  decision: string;
  bound_to: string;
  shown: Shown;
}
type Claims = LinkClaims | PageClaims | FormClaims;

/** Hashes of what a page showed: the question, and each task that an approval runs. */
interface Shown {
  asked: string;
  plan: Record<string, string>;
}

/** How a question differs from what a form showed; if neither differs, the workflow or its input does. */
export interface Changes {
  asked: boolean;
  /** The names of tasks that an approval now runs differently, additionally, or no longer. */
  tasks: string[];
}

/** The inquiry that a page shows, and the identity that decides. */
export interface LinkedInquiry extends InquiryView {
  address: string;
  /** The vote of this person; null: none yet. */
  vote: Vote | null;
  /** The reason for which this person may not decide; null: they may. */
  barred: string | null;
  /** The encrypted field of the form that decides what is shown. */
  form: string;
  /** The differences from the form that was submitted; null: none, or no form was submitted. */
  changes: Changes | null;
}

/** An answer in a form; `written` returns the text of a field, '' for none. */
export interface WrittenAnswer {
  option: string;
  comment: string | null;
  written: (field: string) => string;
  /** The id of the request that brought it, for the audit log. */
  requestId?: string | undefined;
}

/** Manages links with which one mail address sees an inquiry and decides it (docs/inquiries.md, Mail). */
export interface InquiryLinkService {
  /**
   * Issues a token for an address that was told of an inquiry; null if the address has delegated the question, or if the question
   * neither asks the address, or its person, by name nor was delegated to it.
   */
  issue(notice: Notice): Promise<string | null>;
  /** Exchanges the token of a link for the token of a page and the id of its inquiry. Throws `token_invalid`, `token_expired`. */
  exchange(token: string): Promise<{ inquiry: string; page: string }>;
  /**
   * Returns what the page of an inquiry shows; `sent` is the form that was refused, if there is one. Throws `token_invalid`,
   * `token_expired`, `form_foreign`, `inquiry_not_found`.
   */
  view(page: string | undefined, id: string, sent?: string): Promise<LinkedInquiry>;
  /** Makes the decision of a form, if the page belongs to it. Throws `form_foreign`, and what `view` and `InquiryService.respond` throw. */
  decide(page: string | undefined, id: string, form: string, writtenAnswer: WrittenAnswer): Promise<Answered>;
}

/** The dependencies of the service. */
export interface InquiryLinkDependencies {
  sealer: Sealer;
  inquiries: InquiryService;
  principals: PrincipalService;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the service. */
export function createInquiryLinkService({
  sealer,
  inquiries,
  principals,
  clock,
}: InquiryLinkDependencies): InquiryLinkService {
  async function open<K extends Claims['kind']>(token: string, kind: K): Promise<Claims & { kind: K }> {
    const claims = (await sealer.open(token)) as unknown as Claims; // sealed by this service alone
    if (claims.kind !== kind) throw new AppError('token_invalid', 'invalid link');
    if (claims.expires <= clock()) throw new AppError('token_expired', `this ${kind} has expired`);
    return claims as Claims & { kind: K };
  }

  async function seal(claims: Claims): Promise<string> {
    return sealer.seal(claims as unknown as JsonObject);
  }

  /** Returns the principal of a link: the person with the address, or the address itself. */
  async function personOf({ tenant, address }: Omit<Asked, 'inquiry'>): Promise<Principal> {
    const known = await principals.findPerson(tenant, 'email', address);
    return known ?? { ...NOBODY, tenant, subject: address };
  }

  async function openPage(page: string | undefined, id: string): Promise<PageClaims> {
    if (page === undefined) {
      throw new AppError('token_expired', 'open the link from the message again, in a browser that accepts cookies');
    }
    const claims = await open(page, 'page');
    if (claims.inquiry !== id) throw new AppError('form_foreign', 'this page belongs to another inquiry');
    return claims;
  }

  /**
   * Opens the form that a page submits. Throws `form_foreign` where the page, its address and the form do not agree, and
   * `already_decided` where the page has ended with the decision, as it does in every tab of the browser.
   */
  async function openForm(page: string | undefined, id: string, form: string): Promise<FormClaims> {
    const claims = await open(form, 'form');
    const foreign = new AppError(
      'form_foreign',
      'this form does not belong to the link that was opened in this browser',
    );
    if (claims.inquiry !== id) throw foreign;
    if (page === undefined) throw (await isPending(claims)) ? foreign : decidedAlready();
    const { inquiry, tenant, address } = await open(page, 'page');
    if (claims.inquiry !== inquiry || claims.tenant !== tenant || claims.address !== address) throw foreign;
    return claims;
  }

  async function isPending(claims: FormClaims): Promise<boolean> {
    const { inquiry } = await inquiries.get(await personOf(claims), claims.inquiry);
    return inquiry.status === 'pending';
  }

  async function barredBy(person: Principal, view: InquiryView): Promise<string | null> {
    try {
      await inquiries.demandApprover(person, view);
      return null;
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 403) throw error;
      return error.message;
    }
  }

  return {
    async issue({ inquiry, inquiryId, tenant, target }) {
      const person = await personOf({ tenant, address: target });
      const names = new Set([target, ...(await principals.namesOf(person))].map(grantName));
      const held = heldDelegations(await inquiries.withoutStale(person, inquiry));
      if (held.some((made) => [made.by, ...made.names].some((name) => names.has(grantName(name))))) return null;
      const asked = [...inquiry.request.approvers, ...held.map(({ to }) => to)];
      if (!asked.some((name) => names.has(grantName(name)))) return null;
      const until = inquiry.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(inquiry.expires_at);
      const expires = Math.min(clock() + LINK_SECONDS * 1000, until);
      return seal({ kind: 'link', inquiry: inquiryId, tenant, address: target, expires });
    },

    async exchange(token) {
      const { inquiry, tenant, address, expires: until } = await open(token, 'link');
      const expires = Math.min(until, clock() + PAGE_SECONDS * 1000);
      return { inquiry, page: await seal({ kind: 'page', inquiry, tenant, address, expires }) };
    },

    async view(page, id, sent) {
      const before = sent === undefined ? null : await openForm(page, id, sent);
      const { inquiry, tenant, address, expires } = await openPage(page, id);
      const person = await personOf({ tenant, address });
      const view = await inquiries.get(person, inquiry);
      const { bound_to, votes } = view.inquiry;
      const shown = shownOf(view.inquiry);
      const form = {
        kind: 'form',
        inquiry,
        tenant,
        address,
        expires,
        decision: randomUUID(),
        bound_to,
        shown,
      } as const;
      return {
        ...view,
        address,
        vote: votes.find(({ by }) => by === person.subject) ?? null,
        barred: await barredBy(person, view),
        form: await seal(form),
        changes: before === null || before.bound_to === bound_to ? null : changesSince(before.shown, shown),
      };
    },

    async decide(page, id, form, { option, comment, written, requestId }) {
      const claims = await openForm(page, id, form);
      const person = await personOf(claims);
      const { request } = (await inquiries.get(person, claims.inquiry)).inquiry;
      const chosen = request.options.find(({ ref }) => ref === option);
      const schema = chosen === undefined ? null : requiredForm(request, chosen);
      return inquiries.respond(person, claims.inquiry, {
        option,
        response: formResponse(schema, written),
        comment,
        channel: 'link',
        boundTo: claims.bound_to,
        id: claims.decision,
        requestId,
      });
    },
  };
}

/** Returns the URL of the inbox. */
export function inboxUrl(publicUrl: string): string {
  return `${publicUrl}/api/v1/inquiries?assigned=me`;
}

/** Returns the URL of an inquiry. */
export function inquiryUrl(publicUrl: string, id: string): string {
  return `${publicUrl}/api/v1/inquiries/${encodeURIComponent(id)}`;
}

/** The principal of an address that belongs to nobody: it has no permissions, and decides only where it is asked by name. */
const NOBODY: Omit<Principal, 'tenant' | 'subject'> = {
  id: NOBODY_ID,
  tenantRef: '',
  kind: 'person',
  onBehalfOf: null,
  roles: [],
  permissions: [],
  groups: [],
};

function decidedAlready(): AppError {
  return new AppError(
    'already_decided',
    'this inquiry has been decided: open the link from the message again to see the decision',
  );
}

function shownOf({ request, plan }: Pick<Inquiry, 'request' | 'plan'>): Shown {
  const { notify: _, ...asked } = request;
  const hash = (value: object) => sha256Hex(canonicalJson(value as unknown as Json)).slice(0, 16);
  return { asked: hash(asked), plan: Object.fromEntries(plan.map((task) => [task.task, hash(task)])) };
}

function changesSince(before: Shown, now: Shown): Changes {
  const names = [...new Set([...Object.keys(now.plan), ...Object.keys(before.plan)])];
  return {
    asked: before.asked !== now.asked,
    tasks: names.filter((name) => before.plan[name] !== now.plan[name]),
  };
}
