import type { AnsweringChannel, ChatChannel } from '../../chat/channel.ts';
import { createDesk } from '../../chat/desk.ts';
import { createMailChannel, type MailSettings, mailSettings } from '../../chat/email.ts';
import { createMessages } from '../../chat/message.ts';
import { chatRoutes } from '../../chat/routes.ts';
import { createSlackChannel, type SlackSettings, slackSettings } from '../../chat/slack.ts';
import { createTeamsChannel, teamsSettings } from '../../chat/teams.ts';
import { createWebhookChannel } from '../../chat/webhook.ts';
import type { Egress } from '../../egress/egress.ts';
import { type Config, ConfigError } from '../../model/config.ts';
import { DEFAULT_CONNECTION } from '../../model/connection.ts';
import { type NoticeChannel, whoIsAsked } from '../../model/inquiry.ts';
import type { Logger } from '../../model/log.ts';
import type { Announcer } from '../../model/notice.ts';
import type { FindConnection } from '../../service/access/connections.ts';
import type { PrincipalService } from '../../service/access/principals.ts';
import { createSealer, type Sealer } from '../../service/access/sealer.ts';
import type { InquiryService } from '../../service/inquiries/inquiries.ts';
import { createInquiryLinkService, inquiryUrl } from '../../service/inquiries/links.ts';
import { createDeliveryService } from '../../service/notices/deliveries.ts';
import { createOutbox } from '../../service/notices/outbox.ts';
import type { ConnectionStore } from '../../store/access/connections.ts';
import type { ChatPlaceStore } from '../../store/inquiries/chat-places.ts';
import type { InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { NoticeEventStore } from '../../store/inquiries/notice-events.ts';
import { createChatConnections } from './chat-connections.ts';

/** The settings of the process for chat and mail, used by the default tenant if it has no connection for a channel. */
export interface ChatSettings {
  slack?: SlackSettings | undefined;
  mail?: MailSettings | undefined;
  webhookSecret?: string | undefined;
}

/** Reads the settings of chat and mail. Throws a ConfigError if one half of a pair is missing. */
export function readChatSettings(config: Config): ChatSettings {
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

/** The dependencies of chat, mail and links. */
export interface ChatServices {
  store: InquiryStore;
  events: NoticeEventStore;
  inquiries: InquiryService;
  principals: PrincipalService;
  secretKeys: readonly string[];
  namespace: string;
  log: Logger;
  /** Returns the URL at which people reach the API. */
  publicUrl: () => string;
  egress: Egress;
  /** The egress for addresses that the settings of the process name. */
  trusted: Egress;
  connections: Pick<ConnectionStore, 'tenantsWith'>;
  places: ChatPlaceStore;
  /** Finds the connections of tenants. */
  connect: FindConnection;
  /** Returns the default tenant, which uses the settings of the process. */
  home: () => Promise<string>;
}

/** Composes the channels that ask people, and the routes that receive their answers. */
export function createChat(settings: ChatSettings, services: ChatServices) {
  const { store, events, inquiries, principals, secretKeys, namespace, log, publicUrl, egress, trusted } = services;
  const { connections, places, connect, home } = services;
  const links = createInquiryLinkService({
    sealer: createSealer(secretKeys, 'link'),
    inquiries,
    principals,
    clock: Date.now,
  });
  const messages = createMessages(sealersOf(secretKeys));

  const settingsOf = createChatConnections(connect, home);
  const tenantOf = (channel: NoticeChannel) => async (sealed: string) => {
    const handle = await messages.open(channel, sealed).catch(() => null);
    return handle === null ? null : ((await outbox.find(handle.notice))?.notice.tenant ?? null);
  };
  const slack = createSlackChannel({
    settingsOf: settingsOf('slack', slackSettings, {
      settings: settings.slack && { ...settings.slack, egress: trusted },
      name: 'FERMATA_SLACK_BOT_TOKEN',
    }),
    tenantOf: tenantOf('slack'),
    home,
    egress,
    clock: Date.now,
  });
  const teams = createTeamsChannel({
    settingsOf: settingsOf('teams', teamsSettings),
    tenantsOf: (appId) => connections.tenantsWith('teams', DEFAULT_CONNECTION, { key: 'app_id', value: appId }),
    tenantOf: tenantOf('teams'),
    places: {
      find: (tenant, place) => places.find(tenant, 'teams', place),
      note: (tenant, found, serviceUrl) => places.note(tenant, 'teams', found, serviceUrl, new Date()),
    },
    egress,
    clock: Date.now,
  });
  const email = createMailChannel({
    settingsOf: settingsOf('email', mailSettings, {
      settings: settings.mail && { ...settings.mail, egress: trusted },
      name: 'FERMATA_SMTP_URL',
    }),
    async wayFor(notice) {
      const token = await links.issue(notice);
      if (token !== null) return `Review and decide: ${publicUrl()}/inquiry?token=${token}`;
      const who = whoIsAsked(notice.inquiry);
      const address = inquiryUrl(publicUrl(), notice.inquiryId);
      return `It can be decided by ${who}. With Fermata credentials, it is available at ${address}`;
    },
    egress,
  });
  const webhook = createWebhookChannel({
    secretOf: settingsOf('webhook', ({ secrets }) => secrets.secret, {
      settings: settings.webhookSecret,
      name: 'FERMATA_WEBHOOK_SECRET',
    }),
    egress,
    clock: Date.now,
  });
  const announcers = [slack, teams, email, webhook].map((channel) => announcerOf(channel));

  function announcerOf(channel: ChatChannel): Announcer {
    const { name, ready, deliver } = channel;
    return {
      channel: name,
      ready,
      deliver: async (event, place) => deliver(event, await messages.compose(event), place),
    };
  }

  const outbox = createOutbox({ inquiries: store, events, announcers, namespace, clock: Date.now, log });
  const desk = createDesk({ messages, outbox, inquiries, principals });
  const answering: AnsweringChannel[] = [slack, teams];
  const deliveries = createDeliveryService({ events, announcers, namespace });
  return { links, deliveries, answering, routes: chatRoutes(answering, desk, log), outbox };
}

/** Returns a sealer for each channel, so that a handle is only valid in its channel. */
function sealersOf(secretKeys: readonly string[]): (channel: NoticeChannel) => Sealer {
  const made = new Map<NoticeChannel, Sealer>();
  return (channel) => {
    const sealer = made.get(channel) ?? createSealer(secretKeys, channel);
    made.set(channel, sealer);
    return sealer;
  };
}
