import type { Router } from '../../api/http/router.ts';
import { delegationRoutes } from '../../api/inquiries/delegations.ts';
import { inquiryPageRoutes } from '../../api/inquiries/page/routes.ts';
import { inquiryRoutes } from '../../api/inquiries/routes.ts';
import type { Logger } from '../../model/log.ts';
import { createPeople } from '../../service/access/people.ts';
import { createSealer } from '../../service/access/sealer.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import { createDelegationEnds, type DelegationEnds } from '../../service/inquiries/delegation-ends.ts';
import { createDelegationSender, type SendDelegation } from '../../service/inquiries/delegation-signals.ts';
import { createDelegationService, type DelegationService } from '../../service/inquiries/delegations.ts';
import { createInquiryService, type InquiryService } from '../../service/inquiries/inquiries.ts';
import type { InquiryLinkService } from '../../service/inquiries/links.ts';
import { createSignalTokenService, type SignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import type { DeliveryService } from '../../service/notices/deliveries.ts';
import { createOnceSettled } from '../../service/statements/settled-runs.ts';
import { createChatPlaceStore } from '../../store/inquiries/chat-places.ts';
import type { NoticeEventStore } from '../../store/inquiries/notice-events.ts';
import type { AccessServices } from './access.ts';
import type { ChannelSettings } from './channel-settings.ts';
import { type Chat, createChat } from './chat.ts';
import type { Foundation } from './foundation.ts';
import type { ApiOptions } from './options.ts';

/** The services about questions to people. */
export interface InquiryServices {
  inquiries: InquiryService;
  delegations: DelegationService;
  tokens: SignalTokenService;
  links: InquiryLinkService;
  deliveries: DeliveryService;
}

/** The dependencies on services of other subjects. */
export interface InquiryNeeds {
  access: Pick<AccessServices, 'principals' | 'audit'>;
  executions: ExecutionService;
  delegations: DelegationParts;
  deliveries: DeliveryService;
  events: NoticeEventStore;
  channels: ChannelSettings;
  /** Returns the URL at which people reach the API. */
  publicUrl: () => string;
}

/** The parts that make delegations and end them. */
export interface DelegationParts {
  ends: DelegationEnds;
  send: SendDelegation;
}

/** Composes the parts of delegations: they come before the services of access, which end the delegations of people that they disable. */
export function composeDelegations(
  { stores, temporal, projections, signer, log, clock }: Foundation,
  memory: number,
): DelegationParts {
  const send = createDelegationSender({ temporal, projections, signer });
  const principals = createPeople({ store: stores.principals, clock, memory });
  return { ends: createDelegationEnds({ store: stores.inquiries, projections, principals, send, log, clock }), send };
}

/** The services, and the chats in which people answer. */
export interface ComposedInquiries {
  services: InquiryServices;
  chat: Omit<Chat, 'links'>;
}

/** Composes the services. */
export function composeInquiries(
  { db, stores, temporal, namespace, projections, signer, egress, bells, log, clock }: Foundation,
  { secretKeys }: ApiOptions,
  { access: { principals, audit }, executions, delegations, deliveries, events, channels, publicUrl }: InquiryNeeds,
): ComposedInquiries {
  const store = stores.inquiries;
  const onceSettled = createOnceSettled({ temporal, projections });
  const { ends, send } = delegations;
  const inquiries = createInquiryService({
    temporal,
    projections,
    executions,
    store,
    principals,
    audit,
    signer,
    ends,
    onceSettled,
    clock,
  });
  const { links, ...chat } = createChat({
    store,
    events,
    inquiries,
    principals,
    secretKeys,
    namespace,
    bell: bells.notices,
    log,
    publicUrl,
    egress: egress.tenants,
    channels,
    home: stores.principals.homeTenant,
    connections: stores.connections,
    places: createChatPlaceStore(db),
  });
  const sealer = createSealer(secretKeys, 'signal');
  const services = {
    inquiries,
    delegations: createDelegationService({ inquiries, principals, audit, ends, send, onceSettled, clock }),
    tokens: createSignalTokenService({ sealer, executions, inquiries, principals, clock }),
    links,
    deliveries,
  };
  return { services, chat };
}

/** Creates the routes of the services. */
export function inquiriesRoutes(
  { inquiries, delegations, deliveries, tokens, links }: InquiryServices,
  publicUrl: string | undefined,
  log: Logger,
): Router[] {
  return [
    inquiryRoutes(inquiries, deliveries, tokens, publicUrl),
    delegationRoutes(delegations),
    inquiryPageRoutes(links, publicUrl, log),
  ];
}
