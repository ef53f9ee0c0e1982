import { createHash } from 'node:crypto';
import { AppError } from '../model/app-error.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Logger } from '../model/log.ts';
import type { Notice } from '../model/notice.ts';
import type { Principal } from '../model/principal.ts';
import type { InquiryService } from '../service/inquiries.ts';
import type { Notifier } from '../service/notifier.ts';
import type { PrincipalService } from '../service/principals.ts';
import { readInteraction, type Slack, type SlackInteraction } from './slack.ts';
import { readForm } from './slack-message.ts';

/** What the desk works with. */
export interface DeskServices {
  slack: Slack;
  notifier: Notifier;
  inquiries: InquiryService;
  principals: PrincipalService;
  log: Logger;
}

/** What Slack is answered at once; `later` goes on after that. */
export interface Acknowledged {
  body: JsonObject | null;
  later: Promise<void>;
}

interface Opened {
  interaction: SlackInteraction;
  notice: Notice;
  handle: JsonObject;
  option: string;
}

/** Takes what people do in Slack: answers Slack at once, and decides after that (design/inquiries.md, Slack). */
export function createSlackDesk({ slack, notifier, inquiries, principals, log }: DeskServices) {
  async function open(payload: Json): Promise<Opened | null> {
    const interaction = readInteraction(payload);
    if (interaction === null) return null;
    const { notice: id, option } = await slack.sealer.open(interaction.handle);
    const found = await notifier.find(Number(id));
    return found === null ? null : { interaction, ...found, option: String(option) };
  }

  /** The person whom a Slack user is here; or what that user is told. */
  async function personOf({ interaction, notice }: Opened): Promise<Principal | string> {
    const { team, user } = interaction;
    const known = await slack.identify(team, user);
    if (known === null) return 'Guests and people of other workspaces cannot decide here.';
    const byUser = await principals.findPerson(notice.tenant, 'slack', `${team}/${user}`);
    const person =
      byUser ?? (known.email === null ? null : await principals.findPerson(notice.tenant, 'email', known.email));
    return person ?? 'Nobody here is known by your Slack user or your confirmed e-mail address.';
  }

  async function decide(opened: Opened): Promise<void> {
    const { interaction, notice, handle, option } = opened;
    const { user, values, once } = interaction;
    const tell = (text: string) => slack.tellPrivately(handle, user, text);
    const person = await personOf(opened);
    if (typeof person === 'string') {
      await tell(person);
      return;
    }
    const { response, comment } = readForm(notice.inquiry.request.response_schema, values);
    // Two deliveries of one click are one decision.
    const id = `slack-${createHash('sha256').update(`${notice.id} ${user} ${once}`).digest('hex').slice(0, 32)}`;
    const answer = { option, response, comment, channel: 'slack' as const, id, boundTo: notice.inquiry.bound_to };
    try {
      const { result } = await inquiries.respond(person, notice.inquiryId, answer);
      if (result === 'received') await tell('Received: it counts as soon as the run goes on.');
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      await tell(`This does not count: ${error.message}.`);
    }
  }

  async function later(opened: Opened, work: (opened: Opened) => Promise<void>): Promise<void> {
    try {
      await work(opened);
    } catch (error) {
      log.error({ err: error, inquiry: opened.notice.inquiryId }, 'what was done in Slack could not be taken');
      await slack
        .tellPrivately(opened.handle, opened.interaction.user, 'Something went wrong: please try again.')
        .catch(() => undefined);
    }
  }

  return {
    /** Takes a payload that Slack has signed. Throws `forbidden` for another team or app, `token_invalid` for a foreign handle. */
    async take(payload: Json): Promise<Acknowledged> {
      const nothing = { body: null, later: Promise.resolve() };
      const interaction = readInteraction(payload);
      if (interaction === null) return nothing;
      if (!(await slack.isOurs(interaction.team, interaction.app))) {
        throw new AppError('forbidden', 'this is of another Slack team or app');
      }
      const opened = await open(payload);
      if (opened === null) return nothing;
      const { notice, option } = opened;
      const { options, response_schema: schema } = notice.inquiry.request;
      const denies = options.find(({ ref }) => ref === option)?.outcome === 'deny';
      if (interaction.kind === 'button' && (schema !== null || denies)) {
        return {
          body: null,
          later: later(opened, ({ interaction: { trigger } }) => slack.openForm(notice, option, trigger)),
        };
      }
      if (interaction.kind === 'form' && schema !== null) {
        const issues = inquiries.checkForm(schema, readForm(schema, interaction.values).response);
        if (issues.length > 0) return { body: formErrors(issues), later: Promise.resolve() };
      }
      return { body: null, later: later(opened, decide) };
    },
  };
}

function formErrors(issues: readonly { path: string; message: string }[]): JsonObject {
  const errors = Object.fromEntries(
    issues.map(({ path, message }) => {
      const field = path.split('/')[2];
      return [field === undefined ? 'comment' : `field:${field}`, message];
    }),
  );
  return { response_action: 'errors', errors };
}
