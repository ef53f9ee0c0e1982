import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { AppError } from '../../../model/app-error.ts';
import type { Logger } from '../../../model/log.ts';
import { type InquiryLinkService, inboxUrl, PAGE_SECONDS } from '../../../service/inquiries/links.ts';
import { takeBody } from '../../http/body.ts';
import { demandSameSite, isSecure } from '../../http/callers/origins.ts';
import type { ApiEnv } from '../../http/environment.ts';
import { assignProblems, controlName } from './fields.ts';
import { POLICY } from './style.ts';
import { messagePage, questionPage, receivedPage } from './view.ts';

// The page behind a link in a message (docs/inquiries.md, Mail) shows the question and what approval runs. A GET never
// decides; only the POST of the form does, with the cookie of the page.

/** The path of links; it needs no other credentials, since the link is one. */
const LINK_PATH = '/inquiry';
const PAGE_PATH = `${LINK_PATH}/:id`;

/** Registers the routes of the page. `publicUrl` is the URL at which people reach the API, if known. */
export function inquiryPageRoutes(links: InquiryLinkService, publicUrl: string | undefined, log: Logger) {
  const router = new Hono<ApiEnv>();
  for (const path of [LINK_PATH, PAGE_PATH]) {
    router.use(path, async (context, next) => {
      await next();
      context.header('content-security-policy', POLICY);
      context.header('x-robots-tag', 'noindex, nofollow');
    });
  }

  router.get(LINK_PATH, async (context) => {
    try {
      const { inquiry, page } = await links.exchange(context.req.query('token') ?? '');
      const path = pathOf(inquiry);
      setCookie(context, cookieName(inquiry), page, {
        httpOnly: true,
        sameSite: 'Lax',
        path,
        maxAge: PAGE_SECONDS,
        secure: isSecure(context),
      });
      // From here on the URL contains no credential.
      return context.redirect(path, 303);
    } catch (error) {
      return refuse(context, error);
    }
  });

  router.get(PAGE_PATH, async (context) => {
    const id = context.req.param('id');
    try {
      const found = await links.view(getCookie(context, cookieName(id)), id);
      return context.html(await questionPage(pathOf(id), found, null), 200);
    } catch (error) {
      return refuse(context, error);
    }
  });

  router.post(PAGE_PATH, takeBody(['application/x-www-form-urlencoded']), async (context) => {
    const id = context.req.param('id');
    const page = getCookie(context, cookieName(id));
    const sent = new URLSearchParams(await context.req.text());
    const entered: Record<string, string> = Object.fromEntries(sent);
    const { form = '', option = '', comment = '' } = entered;
    const written = (field: string) => entered[controlName(field)] ?? '';
    try {
      demandSameSite(context);
      demandOnce(sent);
    } catch (error) {
      return refuse(context, error);
    }
    try {
      const answer = { option, comment: comment === '' ? null : comment, written, requestId: context.get('requestId') };
      const { result } = await links.decide(page, id, form, answer);
      const decided = await links.view(page, id);
      deleteCookie(context, cookieName(id), { path: pathOf(id) });
      const shown = result === 'received' ? receivedPage(decided) : questionPage(pathOf(id), decided, null);
      return context.html(await shown, 200);
    } catch (error) {
      // Shows the question again with everything that was entered, unless the form does not belong to this page.
      const now = await links.view(page, id, form).catch(() => null);
      if (now === null || !(error instanceof AppError) || (error.status >= 500 && error.code !== 'busy')) {
        return refuse(context, error);
      }
      const issues = error.code === 'response_invalid' ? (error.issues ?? []) : [];
      const problems = assignProblems(now.inquiry.request.response_schema, issues);
      const message = issues.length > 0 ? 'please correct the marked fields and send the form again' : error.message;
      const refusal = { title: titleOf(error), message, problems, entered };
      return context.html(await questionPage(pathOf(id), now, refusal), error.status);
    }
  });

  // Pages of an earlier release send their forms here, without the id of the inquiry.
  router.post(LINK_PATH, (context) =>
    refuse(context, new AppError('binding_changed', 'this page is out of date: open the link from the message again')),
  );

  return router;

  async function refuse(context: Context<ApiEnv>, error: unknown): Promise<Response> {
    const told = error instanceof AppError ? error : new AppError('internal', 'internal error');
    if (told.status >= 500) log.error({ err: error }, 'the page of an inquiry failed');
    const inbox = inboxUrl(publicUrl ?? new URL(context.req.url).origin);
    return context.html(await messagePage(titleOf(told), told.message, inbox), told.status);
  }
}

const TITLES: Partial<Record<AppError['code'], string>> = {
  token_invalid: 'This link is not valid',
  token_expired: 'This link has expired',
  form_foreign: 'This form does not belong to this page',
  already_decided: 'This inquiry has been decided',
  already_voted: 'You have already decided',
  inquiry_expired: 'This inquiry has expired',
  inquiry_withdrawn: 'This inquiry was withdrawn',
  inquiry_not_found: 'This inquiry no longer exists',
  binding_changed: 'Something has changed',
  response_invalid: 'The form is incomplete',
};

function titleOf({ code }: AppError): string {
  return TITLES[code] ?? 'Something went wrong';
}

function pathOf(inquiry: string): string {
  return `${LINK_PATH}/${encodeURIComponent(inquiry)}`;
}

/** Returns the name of the cookie of a page. Each inquiry has its own, so that pages in one browser are independent. */
function cookieName(inquiry: string): string {
  return `fermata_inquiry_${createHash('sha256').update(inquiry).digest('hex').slice(0, 12)}`;
}

/** Throws if a form contains a control twice, since the intended value would be ambiguous. */
function demandOnce(sent: URLSearchParams): void {
  const names = [...sent.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === 'option') throw new AppError('option_unknown', 'the form contains more than one decision');
  if (twice !== undefined) throw new AppError('request_invalid', `the form contains "${twice}" more than once`);
}
