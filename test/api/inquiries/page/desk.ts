import { judge } from '../../../../interpreter/inquiry-rules.ts';
import { AppError, type ErrorCode } from '../../../../model/app-error.ts';
import { type Decision, type Inquiry, inquiryRequest, type Vote } from '../../../../model/inquiry.ts';
import type { JsonObject } from '../../../../model/json.ts';
import type { Principal } from '../../../../model/principal.ts';
import type { PrincipalService } from '../../../../service/access/principals.ts';
import { createSealer } from '../../../../service/access/sealer.ts';
import type { Answer, InquiryService, InquiryView } from '../../../../service/inquiries/inquiries.ts';
import { createInquiryLinkService } from '../../../../service/inquiries/links.ts';
import { createTestApp } from '../../test-app.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const TENANT = '00000000-0000-7000-8000-000000000001';
const CODES: Partial<Record<string, ErrorCode>> = {
  not_allowed: 'not_an_approver',
  expired: 'inquiry_expired',
  withdrawn: 'inquiry_withdrawn',
};

/** A browser's cookies: the newest of each name and path, sent to that path alone. */
class Jar {
  readonly #cookies = new Map<string, { name: string; value: string; path: string }>();

  keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split('; ');
      const [name, value] = [pair!.slice(0, pair!.indexOf('=')), pair!.slice(pair!.indexOf('=') + 1)];
      const path = attributes.find((attribute) => attribute.startsWith('Path='))!.slice(5);
      if (attributes.includes('Max-Age=0')) this.#cookies.delete(`${name} ${path}`);
      else this.#cookies.set(`${name} ${path}`, { name, value, path });
    }
  }

  for(path: string): string {
    const sent = [...this.#cookies.values()].filter((cookie) => path === cookie.path);
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

/** The page behind links over questions that are kept here and judged by the rules of a run. */
export function createDesk() {
  let now = NOW;
  let working = true;
  const questions = new Map<string, { inquiry: Inquiry; taken: Map<string, Inquiry> }>();
  const missing = () => new AppError('inquiry_not_found', 'not found');

  const view = (inquiry: Inquiry) =>
    ({ n: 1, execution: { workflowId: 'wf_1', workflowType: 'ops.deploy', memo: null }, inquiry }) as InquiryView;

  const inquiries: Pick<InquiryService, 'get' | 'respond' | 'demandApprover' | 'withoutStale'> = {
    withoutStale: async (_, inquiry) => inquiry,
    async get(_, id) {
      const found = questions.get(id);
      if (found === undefined) throw missing();
      return view(found.inquiry);
    },
    async demandApprover({ subject }: Principal, { inquiry: { request } }) {
      if (!request.approvers.includes(subject)) throw new AppError('not_an_approver', `${subject} is not asked`);
    },
    async respond({ subject: by, groups }: Principal, id: string, answer: Answer) {
      const found = questions.get(id);
      if (found === undefined) throw missing();
      const { inquiry, taken } = found;
      const { option, response, comment, channel, id: decisionId, boundTo } = answer;
      if (taken.has(decisionId!)) return { result: 'decided', view: view(inquiry) };
      const at = new Date(now).toISOString();
      const decision: Decision = {
        id: decisionId!,
        inquiry: inquiry.key,
        option,
        response,
        comment,
        by,
        names: [by],
        groups,
        channel,
        at,
        bound_to: boundTo ?? null,
      };
      const verdict = judge({ ...inquiry, expires: null, bound: inquiry.bound_to }, decision, [], 8);
      if (verdict.result === 'refused') {
        const { reason, message } = verdict;
        const issues = verdict.issues?.map((issue) => ({ code: 'schema_mismatch', ...issue }));
        throw new AppError(CODES[reason] ?? (reason as ErrorCode), message, issues === undefined ? {} : { issues });
      }
      taken.set(decisionId!, inquiry);
      if (!working) return { result: 'received', view: view(inquiry) };
      const { outcome } = inquiry.request.options.find(({ ref }) => ref === option)!;
      const vote: Vote = { id: decisionId!, by, option, response, comment, channel, at, outcome, bound_to: boundTo! };
      inquiry.votes = [...inquiry.votes, vote];
      if (verdict.result === 'decided') inquiry.status = verdict.outcome;
      return { result: verdict.result, view: view(inquiry) };
    },
  };
  const sealer = createSealer(['a master key for tests, long enough for one'], 'link');
  const principals = { findPerson: async () => null, namesOf: async () => [] };
  const links = createInquiryLinkService({
    sealer,
    inquiries: inquiries as InquiryService,
    principals: principals as unknown as PrincipalService,
    clock: () => now,
  });
  const app = createTestApp({}, { links });

  return {
    links,
    sealer,
    /** From here on no worker takes what is decided. */
    stopWorkers(): void {
      working = false;
    },
    /** Lets time pass. */
    wait(seconds: number): void {
      now += seconds * 1000;
    },
    /** Asks a question. */
    ask(id: string, input: JsonObject, rest: Partial<Inquiry> = {}): Inquiry {
      const inquiry: Inquiry = {
        key: 'ask',
        task: 'ask',
        visit: 1,
        item: null,
        request: inquiryRequest(input),
        status: 'pending',
        votes: [],
        decisions: [],
        bound_to: `digest of ${id}`,
        created: new Date(NOW).toISOString(),
        plan: [{ task: 'deploy', action: 'core.http', input: { url: 'https://example.com' }, rendered: true }],
        expires_at: null,
        decided_at: null,
        ...rest,
      };
      questions.set(id, { inquiry, taken: new Map() });
      return inquiry;
    },
    /** The token of a link that a mail brings to an address. */
    async token(id: string, address: string): Promise<string> {
      const { inquiry } = questions.get(id)!;
      const notice = {
        id: 1,
        tenant: TENANT,
        channel: 'email' as const,
        target: address,
        inquiryId: id,
        ref: 'ops.deploy',
        owner: null,
        execution: 1,
        inquiry,
      };
      return (await links.issue(notice))!;
    },
    browser: () => createBrowser(app),
  };
}

/** A browser as far as cookies and forms go. */
function createBrowser(app: ReturnType<typeof createTestApp>) {
  const jar = new Jar();

  async function get(path: string) {
    const response = await app.request(path, { headers: { cookie: jar.for(path.split('?')[0]!) } });
    jar.keep(response);
    return response;
  }

  return {
    jar,
    get,
    /** Opens a link, and returns the page's path, text, and the sealed field of its form. */
    async open(token: string) {
      const path = (await get(`/inquiry?token=${token}`)).headers.get('location')!;
      const text = await (await get(path)).text();
      return { path, text, form: formOf(text) };
    },
    /** Sends a form. */
    async post(
      path: string,
      fields: Record<string, string> | [string, string][],
      headers: Record<string, string> = {},
    ) {
      const response = await app.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: jar.for(path), ...headers },
        body: new URLSearchParams(fields).toString(),
      });
      jar.keep(response);
      const text = await response.text();
      return { status: response.status, text, form: formOf(text) };
    },
  };
}

function formOf(text: string): string {
  return /name="form" value="([^"]*)"/.exec(text)?.[1] ?? '';
}
