import type { Logger } from '../../../model/log.ts';
import type { EgressRules } from '../../../model/networks.ts';
import type { StoredExaminations } from '../../../service/definitions/stored-examinations.ts';
import type { PrincipalStore } from '../../../store/access/principals.ts';
import type { TaskQueueStore } from '../../../store/access/task-queues.ts';
import { sharedNetworks } from '../../network.ts';
import type { ChatSettings } from '../channel-settings.ts';
import type { closedConnections } from './closed-connections.ts';

/** The maximum number of actions, of tenants, and of definitions per tenant in the warnings at startup. */
const MAX_WARNINGS = 100;

/** The number of stored definitions of a tenant that are examined when an API starts. */
const MAX_EXAMINED = 1_000;

/** The dependencies of the warnings about networks. */
interface NetworkFacts {
  chat: ChatSettings;
  rules: Partial<EgressRules>;
  /** Reports whether there is a tenant other than the default one. */
  hasOtherTenants: () => Promise<boolean>;
  /** Returns the connections whose hosts cannot be reached. */
  closedPlaces: () => ReturnType<typeof closedConnections>;
  log: Logger;
}

/** Warns of unencrypted mail, of networks that all tenants share, and of connections that cannot be used. */
export async function warnOfNetworks({ chat, rules, hasOtherTenants, closedPlaces, log }: NetworkFacts): Promise<void> {
  if (chat.mail !== undefined && new URL(chat.mail.url).searchParams.get('tls') === 'off') {
    log.warn({ setting: 'FERMATA_SMTP_URL' }, 'mail is sent in the clear: its URL ends in tls=off');
  }
  const shared = sharedNetworks({ allowed: rules.allowed ?? [] });
  if (shared.length > 0 && (await hasOtherTenants())) {
    log.warn({ setting: 'FERMATA_EGRESS_ALLOW', allowed: shared }, 'actions of every tenant may reach these networks');
  }
  const closed = await closedPlaces();
  if (closed.length > 0)
    log.warn({ closed }, 'these connections cannot be used until FERMATA_EGRESS_ALLOW has their hosts');
}

/** Warns of actions that cannot be used because their task queue does not belong to their tenant. */
export async function warnOfQueues(queues: Pick<TaskQueueStore, 'unusable'>, log: Logger): Promise<void> {
  for (const action of await queues.unusable(MAX_WARNINGS)) {
    log.warn(action, "no run with this action can be started: its task queue is not the tenant's");
  }
}

/** Warns of stored definitions that this version refuses or reads differently. Examines the first definitions of the first tenants. */
export async function warnOfDefinitions(
  principals: Pick<PrincipalStore, 'tenants'>,
  examinations: Pick<StoredExaminations, 'findOutdated'>,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const first = (refs: readonly string[]) => refs.slice(0, MAX_WARNINGS);
  for (const { id, ref } of await principals.tenants(MAX_WARNINGS)) {
    const { refused, otherwise } = await examinations.findOutdated(id, MAX_EXAMINED, signal).catch((error: unknown) => {
      log.warn({ err: error, tenant: ref }, 'stored definitions could not be examined');
      return { refused: [], otherwise: [] };
    });
    if (refused.length + otherwise.length === 0) continue;
    log.warn(
      { tenant: ref, refused: first(refused), otherwise: first(otherwise) },
      'this version refuses stored definitions, or reads them otherwise: see fermata validate --stored',
    );
  }
}
