import type { AnsweringChannel, ChatChannel } from '../../chat/channel.ts';
import { createDesk } from '../../chat/desk.ts';
import { createMailChannel } from '../../chat/email.ts';
import { createMessages } from '../../chat/message.ts';
import { chatRoutes } from '../../chat/routes.ts';
import { createSlackChannel } from '../../chat/slack.ts';
import { createTeamsChannel } from '../../chat/teams.ts';
import { createWebhookChannel } from '../../chat/webhook.ts';
import type { Egress } from '../../egress/egress.ts';
import { DEFAULT_CONNECTION } from '../../model/connection.ts';
import { type NoticeChannel, whoIsAsked } from '../../model/inquiry.ts';
import type { Logger } from '../../model/log.ts';
import type { Announcer } from '../../model/notice.ts';
import type { PrincipalService } from '../../service/access/principals.ts';
import { createSealer, type Sealer } from '../../service/access/sealer.ts';
import type { Bell } from '../../service/background/bell.ts';
import type { InquiryService } from '../../service/inquiries/inquiries.ts';
import { createInquiryLinkService, type InquiryLinkService, inquiryUrl } from '../../service/inquiries/links.ts';
import { createOutbox, type Outbox } from '../../service/notices/outbox.ts';
import type { ConnectionStore } from '../../store/access/connections.ts';
import type { ChatPlaceStore } from '../../store/inquiries/chat-places.ts';
import type { InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { NoticeEventStore } from '../../store/inquiries/notice-events.ts';
import type { ChannelSettings } from './channel-settings.ts';

/** The dependencies of chat, mail and links. */
export interface ChatServices {
  store: InquiryStore;
  events: NoticeEventStore;
  inquiries: InquiryService;
  principals: PrincipalService;
  secretKeys: readonly string[];
  namespace: string;
  /** Rings when there are notices to send. */
  bell: Bell;
  log: Logger;
  /** Returns the URL at which people reach the API. */
  publicUrl: () => string;
  egress: Egress;
  channels: ChannelSettings;
  connections: Pick<ConnectionStore, 'tenantsWith'>;
  places: ChatPlaceStore;
  /** Returns the default tenant, whose app receives what names no other one. */
  home: () => Promise<string>;
}

/** Links to questions, the channels in which people answer with the routes that receive the answers, and the loop that sends notices. */
export interface Chat {
  links: InquiryLinkService;
  answering: AnsweringChannel[];
  routes: ReturnType<typeof chatRoutes>;
  outbox: Outbox;
}

/** Composes the channels that ask people, and the routes that receive their answers. */
export function createChat(services: ChatServices): Chat {
  const { store, events, inquiries, principals, secretKeys, namespace, bell, log, publicUrl, egress } = services;
  const { channels, connections, places, home } = services;
  const links = createInquiryLinkService({
    sealer: createSealer(secretKeys, 'link'),
    inquiries,
    principals,
    clock: Date.now,
  });
  const messages = createMessages(sealersOf(secretKeys));

  const tenantOf = (channel: NoticeChannel) => async (sealed: string) => {
    const handle = await messages.open(channel, sealed).catch(() => null);
    return handle === null ? null : ((await outbox.find(handle.notice))?.notice.tenant ?? null);
  };
  const slack = createSlackChannel({
    settingsOf: channels.slack,
    tenantOf: tenantOf('slack'),
    home,
    egress,
    clock: Date.now,
  });
  const teams = createTeamsChannel({
    settingsOf: channels.teams,
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
    settingsOf: channels.email,
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
    secretOf: channels.webhook,
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

  const outbox = createOutbox({ inquiries: store, events, announcers, namespace, bell, clock: Date.now, log });
  const desk = createDesk({ messages, outbox, inquiries, principals });
  const answering: AnsweringChannel[] = [slack, teams];
  return { links, answering, routes: chatRoutes(answering, desk, log), outbox };
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
