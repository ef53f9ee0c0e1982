import type { Router } from '../../api/http/router.ts';
import { delegationRoutes } from '../../api/inquiries/delegations.ts';
import { inquiryPageRoutes } from '../../api/inquiries/page/routes.ts';
import { inquiryRoutes } from '../../api/inquiries/routes.ts';
import type { Logger } from '../../model/log.ts';
import { createConnectionResolver } from '../../service/access/connections.ts';
import { createSealer } from '../../service/access/sealer.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import { createDelegationEnds, type DelegationEnds } from '../../service/inquiries/delegation-ends.ts';
import { createDelegationSender } from '../../service/inquiries/delegation-signals.ts';
import { createDelegationService, type DelegationService } from '../../service/inquiries/delegations.ts';
import { createInquiryService, type InquiryService } from '../../service/inquiries/inquiries.ts';
import type { InquiryLinkService } from '../../service/inquiries/links.ts';
import { createSignalTokenService, type SignalTokenService } from '../../service/inquiries/signal-tokens.ts';
import type { DeliveryService } from '../../service/notices/deliveries.ts';
import { createOnceSettled } from '../../service/statements/settled-runs.ts';
import { createChatPlaceStore } from '../../store/inquiries/chat-places.ts';
import { createNoticeEventStore } from '../../store/inquiries/notice-events.ts';
import type { AccessServices } from './access.ts';
import { createChat } from './chat.ts';
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
  /** Returns the URL at which people reach the API. */
  publicUrl: () => string;
}

/** The services, the part that ends delegations, and the chats in which people answer. */
export interface ComposedInquiries {
  services: InquiryServices;
  ends: DelegationEnds;
  chat: Omit<ReturnType<typeof createChat>, 'links' | 'deliveries'>;
}

/** Composes the services. */
export function composeInquiries(
  { db, stores, temporal, namespace, projections, signer, atRest, egress, log, clock }: Foundation,
  { secretKeys, chat: settings = {} }: ApiOptions,
  { access: { principals, audit }, executions, publicUrl }: InquiryNeeds,
): ComposedInquiries {
  const store = stores.inquiries;
  const onceSettled = createOnceSettled({ temporal, projections });
  const send = createDelegationSender({ temporal, projections, signer });
  const ends = createDelegationEnds({ store, projections, principals, send, log, clock });
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
  const { links, deliveries, ...chat } = createChat(settings, {
    store,
    events: createNoticeEventStore(db),
    inquiries,
    principals,
    secretKeys,
    namespace,
    log,
    publicUrl,
    egress: egress.tenants,
    trusted: egress.settings,
    home: stores.principals.homeTenant,
    connections: stores.connections,
    places: createChatPlaceStore(db),
    connect: createConnectionResolver({ store: stores.connections, sealer: atRest }),
  });
  const sealer = createSealer(secretKeys, 'signal');
  const services = {
    inquiries,
    delegations: createDelegationService({ inquiries, principals, audit, ends, send, onceSettled, clock }),
    tokens: createSignalTokenService({ sealer, executions, inquiries, principals, clock }),
    links,
    deliveries,
  };
  return { services, ends, chat };
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
