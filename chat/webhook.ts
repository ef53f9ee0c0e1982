import { createHmac } from 'node:crypto';
import { type Egress, egressErrorIn, errorIn } from '../egress/egress.ts';
import { ProxyError } from '../egress/proxy.ts';
import { heldDelegations } from '../model/delegation.ts';
import { NoticeError, type NoticeEvent, type NoticeKind } from '../model/notice.ts';
import { signStandardWebhook } from '../service/webhooks/standard-signatures.ts';
import type { ChatChannel } from './channel.ts';
import { checkReadiness, demandSettings, type SettingsOf } from './settings.ts';

/** Milliseconds after which a request is given up. */
const TIMEOUT = 10_000;

/** The last part of the CloudEvents type; for a closed inquiry, its status. */
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

/** The services that the channel uses. */
export interface WebhookServices {
  /** Returns the secret that signs the events of a tenant, or the name of the missing setting. */
  secretOf: SettingsOf<string>;
  egress: Pick<Egress, 'fetch'>;
  /** Returns milliseconds. */
  clock: () => number;
}

/** Creates the channel that notifies programs with CloudEvents, signed by HMAC-SHA256 over time and body, and as Standard Webhooks. */
export function createWebhookChannel({ secretOf, egress, clock }: WebhookServices): ChatChannel {
  return {
    name: 'webhook',

    ready: (tenant) => checkReadiness(secretOf, tenant),

    async deliver(event, _message, place) {
      const secret = await demandSettings(secretOf, event.tenant, 'webhooks are');
      const now = clock();
      const notice = cloudEventOf(event, now);
      const body = JSON.stringify(notice);
      const seconds = Math.floor(now / 1000);
      const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
      const headers = {
        'content-type': 'application/cloudevents+json',
        'fermata-signature': `t=${seconds},v1=${signature}`,
        ...signStandardWebhook(secret, notice.id, seconds, body),
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
    const message = (egress ?? errorIn(cause, ProxyError))?.message ?? `${origin} did not respond`;
    throw new NoticeError(message, { cause, permanent: egress !== undefined });
  }
  await response.body?.cancel();
  if (response.ok) return;
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  // 410 means that the receiver is gone permanently; other errors may be temporary.
  const permanent = response.status === 410;
  throw new NoticeError(`${origin} responded with status ${response.status}`, { retryAfter, permanent });
}
