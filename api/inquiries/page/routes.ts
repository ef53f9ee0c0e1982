import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { AppError } from '../../../model/app-error.ts';
import type { Logger } from '../../../model/log.ts';
import { type InquiryLinkService, inboxUrl, PAGE_SECONDS } from '../../../service/inquiries/links.ts';
import { takeBody } from '../../http/body.ts';
import type { ApiEnv } from '../../http/environment.ts';
import { controlName, problemsOf } from './fields.ts';
import { POLICY } from './style.ts';
import { messagePage, questionPage, receivedPage } from './view.ts';

// The page behind a link in a message (docs/inquiries.md, Mail): it shows what is asked and what will run. A GET never
// decides; only the form's POST does, about the question that the form names, with the cookie of that question's page.

/** Where links lead; open to everybody, since the link is the credential. */
const LINK_PATH = '/inquiry';
const PAGE_PATH = `${LINK_PATH}/:id`;

/** The routes of the page; `publicUrl` is where people reach the API, where it is known, and `log` takes faults of the server. */
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
      // From here on the address of the page is no credential.
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
      demandSameSite(context.req.header('sec-fetch-site'), context.req.header('origin'), context.req.url);
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
      // The question is shown anew, with everything that was entered, unless the form is not one of this page.
      const now = await links.view(page, id, form).catch(() => null);
      if (now === null || !(error instanceof AppError) || (error.status >= 500 && error.code !== 'busy')) {
        return refuse(context, error);
      }
      const issues = error.code === 'response_invalid' ? (error.issues ?? []) : [];
      const problems = problemsOf(now.inquiry.request.response_schema, issues);
      const message = issues.length > 0 ? 'please correct what is marked, and send it again' : error.message;
      const refusal = { title: titleOf(error), message, problems, entered };
      return context.html(await questionPage(pathOf(id), now, refusal), error.status);
    }
  });

  // Pages of an earlier release sent their forms here, without the name of their question.
  router.post(LINK_PATH, (context) =>
    refuse(context, new AppError('binding_changed', 'this page is out of date: open the link in the message again')),
  );

  return router;

  async function refuse(context: Context<ApiEnv>, error: unknown): Promise<Response> {
    const told = error instanceof AppError ? error : new AppError('internal', 'something went wrong on the server');
    if (told.status >= 500) log.error({ err: error }, 'the page of an inquiry failed');
    const inbox = inboxUrl(publicUrl ?? new URL(context.req.url).origin);
    return context.html(await messagePage(titleOf(told), told.message, inbox), told.status);
  }
}

const TITLES: Partial<Record<AppError['code'], string>> = {
  token_invalid: 'This link is not valid',
  token_expired: 'This link has expired',
  form_foreign: 'This form belongs to another page',
  already_decided: 'This has been decided',
  already_voted: 'You have decided already',
  inquiry_expired: 'This has expired',
  inquiry_withdrawn: 'This is no longer asked',
  inquiry_not_found: 'This question no longer exists',
  binding_changed: 'Something has changed',
  response_invalid: 'The form is not complete',
};

function titleOf({ code }: AppError): string {
  return TITLES[code] ?? 'This did not work';
}

function pathOf(inquiry: string): string {
  return `${LINK_PATH}/${encodeURIComponent(inquiry)}`;
}

/** The name of the cookie of a question's page: pages in one browser are independent of each other. */
function cookieName(inquiry: string): string {
  return `fermata_inquiry_${createHash('sha256').update(inquiry).digest('hex').slice(0, 12)}`;
}

function isSecure({ req }: Context<ApiEnv>): boolean {
  return new URL(req.url).protocol === 'https:' || req.header('x-forwarded-proto') === 'https';
}

/** Throws for a form that holds a control twice: which of its values is meant, nobody can say. */
function demandOnce(sent: URLSearchParams): void {
  const names = [...sent.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === 'option') throw new AppError('option_unknown', 'the form holds more than one decision');
  if (twice !== undefined) throw new AppError('request_invalid', `the form holds "${twice}" more than once`);
}

/** A form of another site cannot decide, whatever cookies a browser sends along. */
function demandSameSite(site: string | undefined, origin: string | undefined, url: string): void {
  const foreign =
    site !== undefined ? site !== 'same-origin' : origin !== undefined && new URL(url).host !== hostOf(origin);
  if (foreign) throw new AppError('forbidden', 'this form is of another site');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
