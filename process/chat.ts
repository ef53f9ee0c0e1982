import { createMailAnnouncer, type MailSettings } from '../chat/email.ts';
import { createSlack, type SlackSettings } from '../chat/slack.ts';
import { createSlackDesk } from '../chat/slack-desk.ts';
import { createWebhookAnnouncer } from '../chat/webhook.ts';
import type { Egress } from '../egress/egress.ts';
import type { Config } from '../model/config.ts';
import { ConfigError } from '../model/config.ts';
import { whoIsAsked } from '../model/inquiry.ts';
import type { Logger } from '../model/log.ts';
import type { Notice } from '../model/notice.ts';
import type { InquiryService } from '../service/inquiries.ts';
import { createInquiryLinkService, inquiryUrl } from '../service/inquiry-links.ts';
import { createNotifier } from '../service/notifier.ts';
import type { PrincipalService } from '../service/principals.ts';
import { createSealer } from '../service/sealer.ts';
import type { InquiryStore } from '../store/inquiries.ts';

/** Through what people are asked; what is not set up asks nobody. */
export interface ChatSettings {
  slack?: SlackSettings | undefined;
  mail?: MailSettings | undefined;
  webhookSecret?: string | undefined;
}

/** What the settings say of it. Throws a ConfigError where one half of a pair is missing. */
export function chatOf(config: Config): ChatSettings {
  const { FERMATA_SLACK_BOT_TOKEN: botToken, FERMATA_SLACK_SIGNING_SECRET: signingSecret } = config;
  const { FERMATA_SMTP_URL: url, FERMATA_SMTP_FROM: from, FERMATA_WEBHOOK_SECRET: webhookSecret } = config;
  if ((botToken === undefined) !== (signingSecret === undefined)) {
    throw new ConfigError('FERMATA_SLACK_BOT_TOKEN and FERMATA_SLACK_SIGNING_SECRET go together');
  }
  if ((url === undefined) !== (from === undefined)) {
    throw new ConfigError('FERMATA_SMTP_URL and FERMATA_SMTP_FROM go together');
  }
  const apiUrl = config.FERMATA_SLACK_API_URL;
  return {
    slack: botToken === undefined || signingSecret === undefined ? undefined : { botToken, signingSecret, apiUrl },
    mail: url === undefined || from === undefined ? undefined : { url, from },
    webhookSecret,
  };
}

/** What chat, mail and links stand on. */
export interface ChatServices {
  store: InquiryStore;
  inquiries: InquiryService;
  principals: PrincipalService;
  secretKeys: readonly string[];
  namespace: string;
  log: Logger;
  /** Where people reach the API. */
  publicUrl: () => string;
  egress: Egress;
}

/** Composes what asks people, and what takes their answers. */
export function createChat({ slack: slackSettings, mail, webhookSecret }: ChatSettings, services: ChatServices) {
  const { store, inquiries, principals, secretKeys, namespace, log, publicUrl, egress } = services;
  const links = createInquiryLinkService(createSealer(secretKeys, 'link'), inquiries, principals, Date.now);
  const slack =
    slackSettings === undefined
      ? null
      : createSlack(slackSettings, createSealer(secretKeys, 'slack'), egress, Date.now);
  const wayFor = async (notice: Notice) => {
    const token = await links.issue(notice);
    if (token !== null) return `Look at it, and decide: ${publicUrl()}/inquiry?token=${token}`;
    const who = whoIsAsked(notice.inquiry.request);
    const address = inquiryUrl(publicUrl(), notice.inquiryId);
    return `It can be decided by ${who}. With credentials of Fermata, it is at ${address}`;
  };
  const announcers = [
    ...(slack === null ? [] : [slack.announcer]),
    ...(mail === undefined ? [] : [createMailAnnouncer(mail, egress, wayFor)]),
    ...(webhookSecret === undefined ? [] : [createWebhookAnnouncer(webhookSecret, egress, Date.now)]),
  ];
  const notifier = createNotifier(store, announcers, { namespace, clock: Date.now, log });
  const desk = slack === null ? null : createSlackDesk({ slack, notifier, inquiries, principals, log });
  return { links, slack, desk, notifier };
}
