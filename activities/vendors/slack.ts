import { type Block, ErrorCode, type KnownBlock, LogLevel, WebClient } from '@slack/web-api';
import type { z } from 'zod';
import { fetchText } from '../../egress/answer.ts';
import { SlackMessageInputSchema } from '../../model/builtin-actions.ts';
import { ActionError, type ConnectedAction } from '../action.ts';

/** Errors of Slack itself rather than of the message, which are retryable. */
const PASSING = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout']);

/**
 * `slack.post_message` (chat.postMessage): returns `{ ok, channel, ts }`. Fails with `slack_error`; its code is Slack's
 * error, such as `channel_not_found`, or `ratelimited`.
 */
export const postMessage: ConnectedAction<'slack', z.infer<typeof SlackMessageInputSchema>> = {
  pack: 'slack',
  input: SlackMessageInputSchema,
  async run({ channel, message, blocks, thread_ts }, { settings, secrets }, { fetch, signal }) {
    const client = new WebClient(secrets.bot_token, {
      ...(settings.api_url === undefined ? {} : { slackApiUrl: `${settings.api_url.replace(/\/+$/, '')}/` }),
      // Retries are done by Temporal.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      logLevel: LogLevel.ERROR,
      fetch: fetchText(fetch, signal),
    });
    try {
      const sent = await client.chat.postMessage({
        channel,
        text: message,
        ...(blocks === undefined ? {} : { blocks: blocks as unknown as (Block | KnownBlock)[] }), // Slack validates them
        ...(thread_ts === undefined ? {} : { thread_ts }),
      });
      return { ok: true, channel: sent.channel ?? channel, ts: sent.ts ?? '' };
    } catch (error) {
      throw failureOf(error as SlackError);
    }
  },
};

interface SlackError extends Error {
  code?: string;
  data?: { error?: string };
  retryAfter?: number;
  statusCode?: number;
}

function failureOf(error: SlackError): ActionError {
  const { code: kind, message, data, retryAfter, statusCode } = error;
  const failed = (code: string, retryable: boolean) =>
    new ActionError('slack_error', `Slack: ${data?.error ?? message}`, { code, retryable, retryAfter, cause: error });
  if (kind === ErrorCode.RateLimitedError) return failed('ratelimited', true);
  if (kind === ErrorCode.PlatformError) return failed(data?.error ?? 'unknown', PASSING.has(data?.error ?? ''));
  if (kind === ErrorCode.HTTPError) return failed(`HTTP_${statusCode}`, (statusCode ?? 500) >= 500);
  return failed('SLACK_UNREACHABLE', true);
}
