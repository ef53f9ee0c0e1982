import type { NoticeEventRow } from '../../store/inquiries/notice-events.ts';

/** The most notices in progress: in all, of a tenant, and to the host of a receiver. */
const MOST = { all: 20, ofTenant: 5, toHost: 2 };

/** Consecutive failures after which a receiver is only probed, and the milliseconds between probes. */
const FAILURES = 5;
const PAUSE = 60_000;

/** The most receivers whose failures are remembered. */
const MAX_REMEMBERED = 10_000;

type Sent = Pick<NoticeEventRow, 'tenant' | 'channel' | 'target'>;

/**
 * Decides which notices may be sent, from those in progress and past failures, so that no tenant and no receiver takes the capacity of
 * others. Knows only its own process.
 */
export class NoticeTraffic {
  #all = 0;
  readonly #tenants = new Map<string, number>();
  readonly #hosts = new Map<string, number>();
  /** Consecutive failures by tenant and receiver, and when another try makes sense. */
  readonly #failing = new Map<string, { failures: number; until: number }>();

  isFull(): boolean {
    return this.#all >= MOST.all;
  }

  /** Groups notices to failing receivers by the time at which they may be tried again. */
  pausedOf<Row extends Sent>(due: readonly Row[], now: number): Map<number, Row[]> {
    const paused = new Map<number, Row[]>();
    for (const row of due) {
      const until = this.#restsUntil(row);
      if (until > now) paused.set(until, [...(paused.get(until) ?? []), row]);
    }
    return paused;
  }

  /** Chooses due notices to send now, and counts them as in progress until they have `left`. */
  choose<Row extends Sent>(due: readonly Row[], now: number): Row[] {
    return due.filter((row) => {
      const { tenant } = row;
      const host = hostOf(row);
      const ofTenant = this.#tenants.get(tenant) ?? 0;
      const toHost = this.#hosts.get(host) ?? 0;
      if (this.#restsUntil(row) > now || this.isFull() || ofTenant >= MOST.ofTenant || toHost >= MOST.toHost)
        return false;
      this.#all += 1;
      this.#tenants.set(tenant, ofTenant + 1);
      this.#hosts.set(host, toHost + 1);
      // One notice at a time probes a failing receiver.
      const failing = this.#failing.get(receiverOf(row));
      if (failing !== undefined && failing.failures >= FAILURES) failing.until = now + PAUSE;
      return true;
    });
  }

  /** Records that a notice is no longer in progress. */
  left(row: Sent): void {
    this.#all -= 1;
    countDown(this.#tenants, row.tenant);
    countDown(this.#hosts, hostOf(row));
  }

  succeeded(row: Sent): void {
    this.#failing.delete(receiverOf(row));
  }

  failed(row: Sent, now: number): void {
    const receiver = receiverOf(row);
    const failures = (this.#failing.get(receiver)?.failures ?? 0) + 1;
    this.#failing.delete(receiver);
    this.#failing.set(receiver, { failures, until: failures < FAILURES ? 0 : now + PAUSE });
    if (this.#failing.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#failing.keys()) {
      this.#failing.delete(oldest);
      return;
    }
  }

  #restsUntil(row: Sent): number {
    return this.#failing.get(receiverOf(row))?.until ?? 0;
  }
}

/** Returns the host of a notice's target; a channel of Slack, whose host is shared, counts as a host itself. */
function hostOf({ channel, target }: Sent): string {
  if (channel === 'webhook') return `webhook ${URL.canParse(target) ? new URL(target).host : target}`;
  return `${channel} ${channel === 'email' ? target.split('@').at(-1)! : target}`;
}

/** Returns the receiver whose failures count together: the host of a webhook, or the target itself. Failures count by tenant. */
function receiverOf(row: Sent): string {
  return `${row.tenant} ${row.channel === 'webhook' ? hostOf(row) : `${row.channel} ${row.target}`}`;
}

function countDown(counts: Map<string, number>, key: string): void {
  const count = (counts.get(key) ?? 0) - 1;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
