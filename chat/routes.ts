import { Hono } from 'hono';
import type { Logger } from '../model/log.ts';
import type { Act, ActOutcome, AnsweringChannel } from './channel.ts';
import type { Desk, Taken } from './desk.ts';

/** Registers the routes that chat services call. */
export function chatRoutes(channels: readonly AnsweringChannel[], desk: Desk, log: Logger) {
  const router = new Hono();
  for (const channel of channels) {
    router.post(channel.inbound.path, async (context) => {
      const body = await context.req.text();
      const act = await channel.inbound.receive({ header: (name) => context.req.header(name), body });
      const taken = act === null ? null : await desk.take(channel, act);
      if (act === null || taken === null) return context.body(null, 200);
      const outcome = await outcomeOf(act, taken);
      const answer = act.reply(outcome);
      return answer === null ? context.body(null, 200) : context.json(answer, 200);
    });
  }

  /** Returns the response to the service; null if the actor is informed later. */
  async function outcomeOf(act: Act, taken: Taken): Promise<ActOutcome | null> {
    if (taken.first?.kind === 'invalid') return taken.first;
    const outcome = settle(taken);
    if (act.waits) return outcome;
    void outcome
      .then((told) => act.tell(told, taken.place))
      .catch((error: unknown) => log.error({ err: error, channel: taken.notice.channel }, 'nobody could be answered'));
    return null;
  }

  async function settle({ first, decide, notice }: Taken): Promise<ActOutcome> {
    if (first !== null) return first;
    try {
      return await decide();
    } catch (error) {
      const { inquiryId, channel } = notice;
      log.error({ err: error, inquiry: inquiryId, channel }, 'a decision made in a chat could not be taken');
      return { kind: 'refused', text: 'Something went wrong: please try again.', message: null };
    }
  }

  return router;
}
