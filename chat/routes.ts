import { Hono } from 'hono';
import { AppError } from '../model/app-error.ts';
import type { Json } from '../model/json.ts';
import type { Slack } from './slack.ts';
import type { createSlackDesk } from './slack-desk.ts';

/** Where Slack sends what people do; open to everybody, since Slack's signature is the credential. */
export const SLACK_INTERACTIONS = '/api/v1/chat/slack/interactions';

/** The route that Slack calls; without a signing secret there is none, and nothing is taken. */
export function slackRoutes(slack: Slack | null, desk: ReturnType<typeof createSlackDesk> | null) {
  const router = new Hono();
  router.post(SLACK_INTERACTIONS, async (context) => {
    const { req } = context;
    const body = await req.text();
    const signed = slack?.verify(body, req.header('x-slack-request-timestamp'), req.header('x-slack-signature'));
    if (!signed || desk === null) throw new AppError('unauthenticated', 'this is not signed by Slack');
    const { body: answer, later } = await desk.take(payloadOf(body));
    void later;
    return answer === null ? context.body(null, 200) : context.json(answer, 200);
  });
  return router;
}

function payloadOf(body: string): Json {
  try {
    return JSON.parse(new URLSearchParams(body).get('payload') ?? '') as Json;
  } catch (cause) {
    throw new AppError('request_invalid', 'the payload is not JSON', { cause });
  }
}
