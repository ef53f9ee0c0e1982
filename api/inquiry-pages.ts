import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { html, raw } from 'hono/html';
import { AppError } from '../model/app-error.ts';
import type { InquiryOption, PlannedTask } from '../model/inquiry.ts';
import { type FormField, fieldChoices, formFields, formResponse, WHOLE_FORM } from '../model/inquiry-form.ts';
import type { Logger } from '../model/log.ts';
import { type InquiryLinkService, type LinkedInquiry, PAGE_SECONDS } from '../service/inquiry-links.ts';
import { takeBody } from './body.ts';
import type { ApiEnv } from './environment.ts';

// The page behind a link in a message (design/inquiries.md, E-mail and links): it shows what is asked and what will run.
// A GET never decides; only the form's POST does, with the cookie of the page. There is no script on it.

/** Where links lead; open to everybody, since the link is the credential. */
export const INQUIRY_PAGE = '/inquiry';

const COOKIE = 'fermata_inquiry';

const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --quiet: #59636e; --line: #d1d9e0; --field: #fff;
  --primary: #1a7f37; --danger: #b42318; --plain: #35404d; --box: #f6f8fa; --focus: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --text: #e6edf3; --quiet: #9198a1; --line: #3d444d; --field: #151b23;
    --primary: #238636; --danger: #c93c37; --plain: #4a5561; --box: #151b23; --focus: #4493f8; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 .75rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1rem 0; color: var(--quiet); }
dd { margin: 0; color: var(--text); }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; margin: .25rem 0 1rem;
  overflow-x: auto; white-space: pre-wrap; font-size: .875rem; }
.details { white-space: pre-wrap; }
.quiet { color: var(--quiet); }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input, textarea, select { width: 100%; font: inherit; color: inherit; background: var(--field); border: 1px solid var(--quiet);
  border-radius: 6px; padding: .5rem .625rem; min-height: 2.75rem; }
.options { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1 1 10rem; font: inherit; font-weight: 600; color: #fff; background: var(--plain); border: 0; border-radius: 6px;
  padding: .75rem 1rem; min-height: 2.75rem; cursor: pointer; }
button.primary { background: var(--primary); } button.danger { background: var(--danger); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.state { border-left: 4px solid var(--focus); padding: .25rem .75rem; }
.wrong { border-left-color: var(--danger); }
`;

/** The policy of the page: its own style, its own form, nothing else. */
const POLICY = [
  ...["default-src 'none'", `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`],
  ...["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"],
].join('; ');

/** The routes of the page; `log` hears of what is our fault. */
export function inquiryPageRoutes(links: InquiryLinkService, log: Logger) {
  const router = new Hono<ApiEnv>();
  router.use(INQUIRY_PAGE, async (context, next) => {
    await next();
    context.header('content-security-policy', POLICY);
    context.header('cache-control', 'no-store');
    context.header('referrer-policy', 'no-referrer');
    context.header('x-robots-tag', 'noindex, nofollow');
  });

  router.get(INQUIRY_PAGE, async (context) => {
    const token = context.req.query('token');
    try {
      if (token !== undefined) {
        const secure =
          new URL(context.req.url).protocol === 'https:' || context.req.header('x-forwarded-proto') === 'https';
        setCookie(context, COOKIE, await links.exchange(token), {
          ...{ httpOnly: true, sameSite: 'Lax', path: INQUIRY_PAGE, maxAge: PAGE_SECONDS, secure },
        });
        // From here on the address of the page tells nothing.
        return context.redirect(INQUIRY_PAGE, 303);
      }
      return context.html(await questionPage(await links.view(cookieOf(context))), 200);
    } catch (error) {
      return refused(context, error);
    }
  });

  router.post(INQUIRY_PAGE, takeBody(['application/x-www-form-urlencoded']), async (context) => {
    try {
      demandSameSite(context.req.header('sec-fetch-site'), context.req.header('origin'), context.req.url);
      const cookie = cookieOf(context);
      const found = await links.view(cookie);
      const form: Record<string, string> = Object.fromEntries(new URLSearchParams(await context.req.text()));
      const { option = '', comment = '', bound_to: boundTo = '' } = form;
      const response = formResponse(found.inquiry.request.response_schema, (name) => form[`field:${name}`] ?? '');
      const { view } = await links.decide(cookie, {
        option,
        response,
        comment: comment === '' ? null : comment,
        boundTo,
        requestId: context.get('requestId'),
      });
      deleteCookie(context, COOKIE, { path: INQUIRY_PAGE });
      return context.html(await statePage({ ...view, address: found.address }), 200);
    } catch (error) {
      return refused(context, error);
    }
  });

  return router;

  async function refused(context: Parameters<typeof cookieOf>[0], error: unknown): Promise<Response> {
    const told = error instanceof AppError ? error : new AppError('internal', 'something went wrong here');
    if (told.status >= 500) log.error({ err: error }, 'the page of an inquiry failed');
    return context.html(await messagePage(TITLES[told.code] ?? 'That did not work', told.message), told.status);
  }
}

const TITLES: Partial<Record<AppError['code'], string>> = {
  token_invalid: 'This link is none of ours',
  token_expired: 'This link has expired',
  already_decided: 'This is decided already',
  inquiry_expired: 'This has expired',
  inquiry_withdrawn: 'This is not asked any more',
  binding_changed: 'Something has changed',
  response_invalid: 'The form is not complete',
};

function cookieOf(context: Parameters<typeof getCookie>[0]): string {
  const cookie = getCookie(context, COOKIE);
  if (cookie === undefined) throw new AppError('token_expired', 'open the link in the message again');
  return cookie;
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

function page(title: string, body: ReturnType<typeof html>) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body><main>${body}</main></body>
</html>`;
}

function questionPage(found: LinkedInquiry) {
  const { inquiry } = found;
  if (inquiry.status !== 'pending') return statePage(found);
  const { request, bound_to } = inquiry;
  const title = request.prompt ?? 'A decision is asked for';
  return page(
    title,
    html`${about(found)}
<form method="post" action="${INQUIRY_PAGE}">
<input type="hidden" name="bound_to" value="${bound_to}">
${formFields(request.response_schema).map(field)}
<label for="comment">Reason <span class="quiet">(optional)</span></label>
<textarea id="comment" name="comment" rows="3" maxlength="4000"></textarea>
<div class="options">${request.options.map(button)}</div>
</form>`,
  );
}

function statePage(found: LinkedInquiry) {
  const { status, votes } = found.inquiry;
  const last = votes.at(-1);
  const words = { pending: 'Counted; more people are needed', cancelled: 'Withdrawn' } as Record<string, string>;
  const title = words[status] ?? status[0]!.toUpperCase() + status.slice(1);
  const by = last === undefined ? '' : ` by ${last.by}, ${last.at.slice(0, 16).replace('T', ' ')} UTC`;
  return page(title, html`<p class="state" role="status"><strong>${title}</strong>${by}</p>${about(found)}`);
}

function messagePage(title: string, message: string) {
  return page(title, html`<h1>${title}</h1><p class="state wrong" role="alert">${message}</p>`);
}

function about({ execution, inquiry, address }: LinkedInquiry) {
  const { request, plan, expires_at: expires } = inquiry;
  const { memo, workflowType } = execution;
  const until = expires === null ? 'decided' : `${expires.slice(0, 16).replace('T', ' ')} UTC`;
  return html`<h1>${request.prompt ?? 'A decision is asked for'}</h1>
${request.details === null ? '' : html`<p class="details">${request.details}</p>`}
<dl><dt>Workflow</dt><dd>${memo?.ref ?? workflowType}</dd><dt>Started by</dt><dd>${memo?.owner ?? 'nobody'}</dd>
<dt>Open until</dt><dd>${until}</dd><dt>You are</dt><dd>${address}</dd></dl>
${plan.length === 0 ? '' : html`<h2>Approval runs</h2>${plan.map(planned)}`}`;
}

function planned({ task, action, input, rendered }: PlannedTask) {
  const note = rendered ? '' : html` <span class="quiet">with what is known then</span>`;
  return html`<div>${task} <span class="quiet">(${action})</span>${note}</div><pre>${JSON.stringify(input, null, 2)}</pre>`;
}

function button({ ref, label, style }: InquiryOption) {
  return html`<button class="${style}" name="option" value="${ref}">${label}</button>`;
}

function field({ name, schema, required }: FormField) {
  const { title, description, type } = schema;
  const id = `field:${name}`;
  const label = typeof title === 'string' ? title : name === WHOLE_FORM ? 'Answer (JSON)' : name;
  const note = typeof description === 'string' ? html`<div class="quiet">${description}</div>` : '';
  const need = required ? raw(' required') : '';
  const choices = fieldChoices(schema);
  const input =
    choices !== null
      ? html`<select id="${id}" name="${id}"${need}><option value=""></option>${choices.map((choice) => html`<option value="${JSON.stringify(choice)}">${String(choice)}</option>`)}</select>`
      : type === 'integer' || type === 'number'
        ? html`<input id="${id}" name="${id}" inputmode="decimal"${need}>`
        : type === 'string'
          ? html`<input id="${id}" name="${id}"${need}>`
          : html`<textarea id="${id}" name="${id}" rows="4"${need}></textarea>`;
  return html`<label for="${id}">${label}${required ? '' : html` <span class="quiet">(optional)</span>`}</label>${note}${input}`;
}
