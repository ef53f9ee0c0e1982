import { randomUUID } from 'node:crypto';
import { AppError } from '../model/app-error.ts';
import type { JsonObject } from '../model/json.ts';
import type { Notice } from '../model/notice.ts';
import { NOBODY_ID, type Principal } from '../model/principal.ts';
import type { Answer, Answered, InquiryService, InquiryView } from './inquiries.ts';
import type { PrincipalService } from './principals.ts';
import type { Sealer } from './sealer.ts';

/** Seconds that a link, and the page that it opens, are good for at most. */
const LINK_SECONDS = 86_400;
export const PAGE_SECONDS = 600;

/** What a link and a page carry, sealed. Times in milliseconds. */
interface Claims {
  kind: 'link' | 'page';
  inquiry: string;
  tenant: string;
  address: string;
  /** The decision that it makes: one, however often it is sent. */
  decision: string;
  expires: number;
}

/** What a page shows: the inquiry, and as whom one decides. */
export interface LinkedInquiry extends InquiryView {
  address: string;
}

/** Links with which one named address looks at an inquiry and decides (design/inquiries.md, E-mail and links). */
export type InquiryLinkService = ReturnType<typeof createInquiryLinkService>;

/** Makes the service; `clock` gives milliseconds. */
export function createInquiryLinkService(
  sealer: Sealer,
  inquiries: InquiryService,
  principals: PrincipalService,
  clock: () => number,
) {
  async function open(token: string, kind: Claims['kind']): Promise<Claims> {
    const claims = (await sealer.open(token)) as unknown as Claims; // sealed by us for this alone
    if (claims.kind !== kind) throw new AppError('token_invalid', 'this is no such link');
    if (claims.expires <= clock()) throw new AppError('token_expired', 'the link has expired');
    return claims;
  }

  /** Who decides by a link: the person whom the address is, or the address itself. */
  async function personOf({ tenant, address }: Claims): Promise<Principal> {
    const known = await principals.findPerson(tenant, 'email', address);
    return known ?? { ...NOBODY, tenant, subject: address };
  }

  async function viewOf(claims: Claims): Promise<LinkedInquiry> {
    return { ...(await inquiries.get(await personOf(claims), claims.inquiry)), address: claims.address };
  }

  return {
    /** A token for an address that was told of an inquiry; null where groups or a quorum decide, which a link cannot. */
    async issue({ inquiry, inquiryId, tenant, target }: Notice): Promise<string | null> {
      const { groups, quorum, deny_quorum: denials } = inquiry.request;
      if (groups.length > 0 || quorum > 1 || denials > 1) return null;
      const until = inquiry.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(inquiry.expires_at);
      const expires = Math.min(clock() + LINK_SECONDS * 1000, until);
      const claims: Claims = {
        kind: 'link',
        inquiry: inquiryId,
        tenant,
        address: target,
        decision: randomUUID(),
        expires,
      };
      return sealer.seal(claims as unknown as JsonObject);
    },

    /** Exchanges the token of a link for that of a page. Throws `token_invalid`, `token_expired`. */
    async exchange(token: string): Promise<string> {
      const claims = await open(token, 'link');
      const expires = Math.min(claims.expires, clock() + PAGE_SECONDS * 1000);
      return sealer.seal({ ...claims, kind: 'page', expires });
    },

    /** What a page shows. Throws `token_invalid`, `token_expired`, `inquiry_not_found`. */
    view: async (page: string): Promise<LinkedInquiry> => viewOf(await open(page, 'page')),

    /** Decides. Throws what `view` and `respond` throw. */
    async decide(
      page: string,
      answer: Pick<Answer, 'option' | 'response' | 'comment' | 'requestId'> & { boundTo: string },
    ): Promise<Answered> {
      const claims = await open(page, 'page');
      return inquiries.respond(await personOf(claims), claims.inquiry, {
        ...answer,
        channel: 'link',
        id: claims.decision,
      });
    },
  };
}

/** An address that belongs to nobody has no permission: it decides only where it is asked by that name. */
const NOBODY: Omit<Principal, 'tenant' | 'subject'> = {
  ...{ id: NOBODY_ID, tenantRef: '', kind: 'person', onBehalfOf: null, roles: [], permissions: [], groups: [] },
};
