import { html, raw } from 'hono/html';
import {
  type InquiryOption,
  type InquiryRequest,
  type PlannedTask,
  requiredForm,
  type Vote,
  whoIsAsked,
} from '../../../model/inquiry.ts';
import { formFields } from '../../../model/inquiry-form.ts';
import { minuteOf } from '../../../model/instants.ts';
import type { Changes, LinkedInquiry } from '../../../service/inquiries/links.ts';
import { controlId, type Entered, fieldLabel, formControls, type Problems } from './fields.ts';
import { STYLE } from './style.ts';

// The HTML of the page behind a link. It has no scripts, and all texts are escaped.

type Html = ReturnType<typeof html>;

/** The reason, shown above the question, why a form or a click did not count. */
export interface Refusal {
  title: string;
  message: string;
  problems: Problems;
  entered: Entered;
}

/** Renders a page. */
function page(title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Fermata</title>
<style>${raw(STYLE)}</style>
</head>
<body><header>Fermata</header><main>${body}</main></body>
</html>`;
}

/** Renders the page of an inquiry: with its form while this person may decide, else with its state. */
export function questionPage(path: string, found: LinkedInquiry, refusal: Refusal | null): Html {
  const { inquiry, vote, barred, form, changes } = found;
  const title = inquiry.request.prompt ?? 'A decision is needed';
  const said = refusal === null ? '' : alert(refusal, changes, found);
  if (inquiry.status !== 'pending' || vote !== null) return page(title, html`${said}${stateOf(found)}${about(found)}`);
  if (barred !== null) {
    const note = html`<p class="state wrong" role="status"><strong>You cannot decide this</strong>: ${barred}</p>`;
    return page(title, html`${refusal === null ? note : said}${about(found)}`);
  }
  const { request } = inquiry;
  const problems = refusal?.problems ?? { fields: new Map(), rest: [] };
  const entered = refusal?.entered ?? {};
  return page(
    title,
    html`${said}${about(found)}
<form method="post" action="${path}">
<input type="hidden" name="form" value="${form}">
${formControls(request.response_schema, entered, problems)}
<label for="comment">Reason <span class="quiet">(optional)</span></label>
<textarea id="comment" name="comment" rows="3" maxlength="4000">${'\n'}${entered.comment ?? ''}</textarea>
<div class="options">${request.options.map((option) => button(option, request))}</div>
</form>`,
  );
}

/** Renders the page of an inquiry whose decision has not been processed by a worker yet. */
export function receivedPage(found: LinkedInquiry): Html {
  const title = found.inquiry.request.prompt ?? 'A decision is needed';
  const words = html`<strong>Received</strong>. It counts as soon as a worker processes it.`;
  return page(title, html`<p class="state" role="status">${words}</p>${about(found)}`);
}

/** Renders an error without an inquiry; `inbox` is the URL at which people with credentials find theirs. */
export function messagePage(title: string, message: string, inbox: string): Html {
  return page(
    title,
    html`<h1>${title}</h1><p class="state wrong" role="alert">${message}</p>
<p>If you have Fermata credentials, your open inquiries are listed at <code>${inbox}</code>.</p>`,
  );
}

function alert({ title, message, problems }: Refusal, changes: Changes | null, { inquiry }: LinkedInquiry): Html {
  const fields = formFields(inquiry.request.response_schema).filter(({ name }) => problems.fields.has(name));
  const places = fields.map((field) => {
    const text = `${fieldLabel(field)}: ${problems.fields.get(field.name)}`;
    return html`<li><a href="#${controlId(field.name)}">${text}</a></li>`;
  });
  const lines = [...problems.rest, ...(changes === null ? [] : changeLines(changes))].map(
    (line) => html`<li>${line}</li>`,
  );
  const list = places.length + lines.length === 0 ? '' : html`<ul>${places}${lines}</ul>`;
  return html`<div class="state wrong" role="alert"><p><strong>${title}</strong>: ${message}</p>${list}</div>`;
}

function changeLines({ asked, tasks }: Changes): string[] {
  const lines = [
    ...(asked ? ['The question has changed.'] : []),
    ...tasks.map((task) => `The task that approval runs has changed: ${task}.`),
  ];
  return lines.length > 0 ? lines : ['The workflow or its input has changed.'];
}

function stateOf({ inquiry: { status, votes, request }, vote }: LinkedInquiry): Html {
  const last = votes.at(-1);
  if (status === 'pending') {
    const label = request.options.find(({ ref }) => ref === vote?.option)?.label ?? vote?.option;
    return html`<p class="state" role="status"><strong>Counted: ${label}</strong>. More people are needed.</p>`;
  }
  const words = { approved: 'Approved', denied: 'Denied', expired: 'Expired', cancelled: 'Withdrawn' };
  const decided = status === 'approved' || status === 'denied';
  const by = last === undefined || !decided ? '' : ` by ${last.by}, ${minuteOf(last.at)}`;
  return html`<p class="state" role="status"><strong>${words[status]}</strong>${by}</p>`;
}

function about({ execution, inquiry, address }: LinkedInquiry): Html {
  const { request, plan, votes, expires_at: expires } = inquiry;
  const { memo, workflowType } = execution;
  return html`<h1>${request.prompt ?? 'A decision is needed'}</h1>
${request.details === null ? '' : html`<p class="details">${request.details}</p>`}
<dl><dt>Workflow</dt><dd>${memo?.ref ?? workflowType}</dd><dt>Started by</dt><dd>${memo?.owner ?? 'nobody'}</dd>
<dt>Asked</dt><dd>${whoIsAsked(inquiry)}</dd>
<dt>Open until</dt><dd>${expires === null ? 'decided' : minuteOf(expires)}</dd><dt>You are</dt><dd>${address}</dd></dl>
${votes.length === 0 ? '' : html`<h2>Votes so far</h2><ul>${votes.map((vote) => voted(vote, request))}</ul>`}
${plan.length === 0 ? '' : html`<h2>Approval runs</h2>${plan.map(planned)}`}`;
}

function voted({ by, option, comment, at }: Vote, { options }: InquiryRequest): Html {
  const label = options.find(({ ref }) => ref === option)?.label ?? option;
  return html`<li>${label}, by ${by}, ${minuteOf(at)}${comment === null || comment === '' ? '' : `: ${comment}`}</li>`;
}

function planned({ task, action, input, rendered }: PlannedTask): Html {
  const note = rendered ? '' : html` <span class="quiet">with values that are known by then</span>`;
  return html`<div>${task} <span class="quiet">(${action})</span>${note}</div><pre>${JSON.stringify(input, null, 2)}</pre>`;
}

function button(option: InquiryOption, request: InquiryRequest): Html {
  const { ref, label, style } = option;
  // The browser validates the form only for options that require it.
  const unchecked = requiredForm(request, option) === null ? html` formnovalidate` : '';
  return html`<button class="${style}" name="option" value="${ref}"${unchecked}>${label}</button>`;
}
