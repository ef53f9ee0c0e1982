import type { Definition } from '../../model/definition.ts';
import type { Execution } from '../../model/execution.ts';
import type { Inquiry, NoticeChannel } from '../../model/inquiry.ts';
import type { Issue } from '../../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { type Announcer, type DeliveryState, type NoticeKind, UNSETTLED } from '../../model/notice.ts';
import type { NoticeEventRow, NoticeEventStore } from '../../store/inquiries/notice-events.ts';

/** The delivery of one event of an inquiry to one target. */
export interface Delivery {
  channel: NoticeChannel;
  /** A chat channel, an e-mail address, or the origin of a URL. */
  target: string;
  event: NoticeKind;
  number: number;
  state: DeliveryState;
  attempts: number;
  /** The last error; null: there was none. */
  error: string | null;
  /** When it is tried next; null: it is not tried again. */
  nextAt: Date | null;
  deliveredAt: Date | null;
}

/** Shows to whom inquiries were announced. */
export interface DeliveryService {
  /** Lists the deliveries of an inquiry, in order. */
  ofInquiry(execution: Pick<Execution, 'workflowId'>, inquiry: Inquiry): Promise<Delivery[]>;
  /** Lists the deliveries of all inquiries of a run, by the key of the inquiry. */
  ofExecution(execution: Pick<Execution, 'workflowId'>): Promise<Map<string, Delivery[]>>;
  /** Finds the open inquiries of a run whose announcements have all failed, with a reason for each target. */
  untold(execution: Pick<Execution, 'workflowId' | 'inquiries'>): Promise<{ inquiry: Inquiry; reasons: string[] }[]>;
  /** Warns of channels that a definition uses and that the tenant has not set up. */
  warnings(tenant: string, definition: Definition): Promise<Issue[]>;
}

/** The dependencies of the service. */
export interface DeliveryDependencies {
  events: Pick<NoticeEventStore, 'list'>;
  announcers: readonly Announcer[];
  namespace: string;
}

/** Creates the service; `announcers` know whether their channels are set up. */
export function createDeliveryService({ events, announcers, namespace }: DeliveryDependencies): DeliveryService {
  return {
    async ofInquiry({ workflowId }, { key }) {
      return (await events.list(namespace, workflowId, key)).map(deliveryOf);
    },

    async ofExecution({ workflowId }) {
      const found = new Map<string, Delivery[]>();
      for (const row of await events.list(namespace, workflowId)) {
        const known = found.get(row.key);
        if (known === undefined) found.set(row.key, [deliveryOf(row)]);
        else known.push(deliveryOf(row));
      }
      return found;
    },

    async untold(execution) {
      const open = execution.inquiries.filter(({ status }) => status === 'pending');
      if (open.length === 0) return [];
      const all = await this.ofExecution(execution);
      return open.flatMap((inquiry) => {
        const opened = (all.get(inquiry.key) ?? []).filter(({ event }) => event === 'opened');
        const failed = opened.filter(({ state, error }) => state !== 'delivered' && error !== null);
        if (failed.length === 0 || failed.length < opened.length) return [];
        return [{ inquiry, reasons: failed.map(({ channel, target, error }) => `${channel} ${target}: ${error}`) }];
      });
    },

    async warnings(tenant, definition) {
      const found = notifiesOf(definition).flatMap(({ notify, path }) =>
        announcers
          .filter(({ channel }) => Object.hasOwn(notify, channel))
          .map(async ({ channel, ready }): Promise<Issue[]> => {
            const readiness = await ready(tenant);
            if (readiness.ok) return [];
            const message = `notices through ${channel} cannot be sent: ${readiness.setting} is missing`;
            return [{ code: 'channel_not_set_up', path: `${path}/${channel}`, message }];
          }),
      );
      return (await Promise.all(found)).flat();
    },
  };
}

/** Finds the `notify` entries of a definition that are not templates. */
function notifiesOf({ tasks }: Definition): { notify: JsonObject; path: string }[] {
  return tasks.flatMap(({ action, input = {} }, index) => {
    if (action !== 'core.inquiry' || !isJsonObject(input)) return [];
    const path = `/definition/tasks/${index}/input`;
    const steps = Array.isArray(input.escalate) ? input.escalate : [];
    const places: [Json | undefined, string][] = [
      [input.notify, `${path}/notify`],
      ...steps.map((step, at): [Json | undefined, string] => [
        isJsonObject(step) ? step.notify : undefined,
        `${path}/escalate/${at}/notify`,
      ]),
    ];
    return places.flatMap(([notify, where]) =>
      isJsonObject(notify ?? null) ? [{ notify: notify as JsonObject, path: where }] : [],
    );
  });
}

function deliveryOf(row: NoticeEventRow): Delivery {
  const { channel, target, kind, number, state, attempts, error, nextAt, deliveredAt } = row;
  return {
    channel,
    // The path of a webhook may hold its secret.
    target: channel === 'webhook' && URL.canParse(target) ? new URL(target).origin : target,
    event: kind,
    number,
    state,
    attempts,
    error,
    nextAt: UNSETTLED.includes(state) ? nextAt : null,
    deliveredAt,
  };
}
