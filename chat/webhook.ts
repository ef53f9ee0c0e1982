import { createHmac } from 'node:crypto';
import { type Egress, egressErrorIn } from '../egress/egress.ts';
import type { JsonObject } from '../model/json.ts';
import { type Announcer, type Notice, NoticeError } from '../model/notice.ts';

/** Milliseconds after which a receiver is given up for now. */
const TIMEOUT = 10_000;

/** Tells programs, with CloudEvents signed by HMAC-SHA256 over time and body (design/shapes.md, Inquiries). */
export function createWebhookAnnouncer(secret: string, { fetch }: Egress, clock: () => number): Announcer {
  async function send(notice: Notice, what: 'opened' | 'reminded' | 'decided'): Promise<void> {
    const { inquiry, inquiryId, execution, ref, target } = notice;
    const { prompt, details, options } = inquiry.request;
    const { status, votes, plan, bound_to, created, expires_at } = inquiry;
    const data = {
      ...{ id: inquiryId, execution, action_ref: ref, task: inquiry.task, status, prompt, details, options },
      ...{
        votes: votes.map(({ by, option, at }) => ({ by, option, at })),
        will_run: plan,
        bound_to,
        created,
        expires_at,
      },
    };
    const now = clock();
    const body = JSON.stringify({
      ...{ specversion: '1.0', id: `${inquiryId}/${what}/${votes.length}`, type: `io.fermata.inquiry.${what}` },
      ...{ source: `/executions/${execution}`, subject: inquiry.task, time: new Date(now).toISOString() },
      ...{ datacontenttype: 'application/json', data },
    });
    const seconds = Math.floor(now / 1000);
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    const headers = {
      'content-type': 'application/cloudevents+json',
      'fermata-signature': `t=${seconds},v1=${signature}`,
    };
    let response: Awaited<ReturnType<Egress['fetch']>>;
    try {
      response = await fetch(target, {
        method: 'POST',
        headers,
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch (cause) {
      const why = egressErrorIn(cause)?.message ?? `${new URL(target).origin} did not answer`;
      throw new NoticeError(`webhook: ${why}`, { cause });
    }
    await response.body?.cancel();
    if (response.ok) return;
    const retryAfter = Number(response.headers.get('retry-after')) || undefined;
    throw new NoticeError(`webhook: ${new URL(target).origin} answered ${response.status}`, { retryAfter });
  }

  return {
    kind: 'webhook',
    async ask(notice) {
      await send(notice, 'opened');
      return {} satisfies JsonObject;
    },
    update: async (notice) => {
      // Votes that do not decide are nobody's business yet.
      if (notice.inquiry.status !== 'pending') await send(notice, 'decided');
    },
    remind: (notice) => send(notice, 'reminded'),
  };
}
