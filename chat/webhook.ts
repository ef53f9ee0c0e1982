import { createHmac } from 'node:crypto';
import { type Egress, egressErrorIn, errorIn } from '../egress/egress.ts';
import { ProxyError } from '../egress/proxy.ts';
import { heldDelegations } from '../model/delegation.ts';
import { NoticeError, type NoticeEvent, type NoticeKind } from '../model/notice.ts';
import type { ChatChannel } from './channel.ts';
import { demandSettings, readinessOf, type SettingsOf } from './settings.ts';

/** Milliseconds after which a receiver is given up for now. */
const TIMEOUT = 10_000;

/** The last part of the CloudEvents type; how a question has ended is its status. */
const TYPES: Record<NoticeKind, string> = {
  opened: 'opened',
  voted: 'voted',
  delegated: 'delegated',
  changed: 'changed',
  reminded: 'reminded',
  decided: 'decided',
  expired: 'decided',
  withdrawn: 'decided',
};

/** What the channel stands on. */
export interface WebhookServices {
  /** The secret with which what a tenant is told is signed, or what is missing. */
  secretOf: SettingsOf<string>;
  egress: Pick<Egress, 'fetch'>;
  /** Gives milliseconds. */
  clock: () => number;
}

/** Makes the channel that tells programs, with CloudEvents signed by HMAC-SHA256 over time and body. */
export function createWebhookChannel({ secretOf, egress, clock }: WebhookServices): ChatChannel {
  return {
    name: 'webhook',

    ready: (tenant) => readinessOf(secretOf, tenant),

    async deliver(event, _message, place) {
      const secret = await demandSettings(secretOf, event.tenant, 'webhooks are');
      const now = clock();
      const body = JSON.stringify(cloudEventOf(event, now));
      const seconds = Math.floor(now / 1000);
      const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
      const headers = {
        'content-type': 'application/cloudevents+json',
        'fermata-signature': `t=${seconds},v1=${signature}`,
      };
      await post(event.target, { headers, body }, egress);
      return place ?? {};
    },
  };
}

function cloudEventOf(event: NoticeEvent, now: number) {
  const { inquiry, inquiryId, execution, ref, kind, number } = event;
  const { prompt, details, options } = inquiry.request;
  const { status, votes, plan, bound_to, created, expires_at, task } = inquiry;
  const delegations = heldDelegations(inquiry);
  return {
    specversion: '1.0',
    id: `${inquiryId}/${kind}/${number}`,
    type: `io.fermata.inquiry.${TYPES[kind]}`,
    source: `/executions/${execution}`,
    subject: task,
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    data: {
      id: inquiryId,
      event: kind,
      number,
      execution,
      action_ref: ref,
      task,
      status,
      prompt,
      details,
      options,
      votes: votes.map(({ by, option, at }) => ({ by, option, at })),
      delegations: delegations.map(({ by, to, reason, at }) => ({ by, to, reason, at })),
      will_run: plan,
      bound_to,
      created,
      expires_at,
    },
  };
}

async function post(
  target: string,
  request: { headers: Record<string, string>; body: string },
  { fetch }: WebhookServices['egress'],
): Promise<void> {
  const { origin } = new URL(target);
  let response: Awaited<ReturnType<Egress['fetch']>>;
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    response = await fetch(target, { ...request, method: 'POST', redirect: 'error', signal });
  } catch (cause) {
    const egress = egressErrorIn(cause);
    const message = (egress ?? errorIn(cause, ProxyError))?.message ?? `${origin} did not answer`;
    throw new NoticeError(message, { cause, permanent: egress !== undefined });
  }
  await response.body?.cancel();
  if (response.ok) return;
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  // 410 says that the receiver is gone for good; anything else may be mended there.
  const permanent = response.status === 410;
  throw new NoticeError(`${origin} answered ${response.status}`, { retryAfter, permanent });
}
