import type { Execution } from '../../model/execution.ts';
import type { Inquiry, NoticeChannel } from '../../model/inquiry.ts';
import { type DeliveryState, type NoticeKind, UNSETTLED } from '../../model/notice.ts';
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
}

/** The dependencies of the service. */
export interface DeliveryDependencies {
  events: Pick<NoticeEventStore, 'list'>;
  namespace: string;
}

/** Creates the service. */
export function createDeliveryService({ events, namespace }: DeliveryDependencies): DeliveryService {
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
  };
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
