import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { ChangePlace } from '../../store/executions/execution-lists.ts';
import { keepGoing } from './loops.ts';

/** A row that has changed, as it is now; `id` denotes the place of the change, to resume after it. */
export interface Change<Row> {
  id: string;
  row: Row;
}

/** A store whose changes have an order. */
export interface ChangeSource<Row extends ChangePlace> {
  /** Lists rows that changed after a place, in order; never one before which another may appear later. */
  changesBehind(tenant: string, place: ChangePlace, limit: number): Promise<Row[]>;
  /** Returns the place after all changes whose order is final. */
  lastChange(): Promise<ChangePlace>;
}

/** Streams the changes of tenants while they happen. */
export interface ChangeFeeds<Row> {
  /**
   * Streams every change of a tenant after an id, or from now on, until the signal is aborted. A row that has changed several times in
   * between appears once, as it is. Throws `request_invalid` for an id that no change has.
   */
  watch(tenant: string, options: { after?: string | undefined; signal: AbortSignal }): AsyncGenerator<Change<Row>>;
  /** Ends every stream. */
  close(): void;
}

/** Milliseconds between two reads. */
const INTERVAL = 500;

/** The most changes that are read at a time, and that are kept for all listeners. */
const KEPT = 1_000;

/** Creates the feeds, which read the changes of a tenant once however many listen. */
export function createChangeFeeds<Row extends ChangePlace>(source: ChangeSource<Row>, log: Logger): ChangeFeeds<Row> {
  const feeds = new Map<string, Feed<Row>>();

  async function* listen(tenant: string, after: string | undefined, signal: AbortSignal): AsyncGenerator<Change<Row>> {
    const feed = feeds.get(tenant) ?? createFeed(source, tenant, log);
    feeds.set(tenant, feed);
    feed.listeners += 1;
    try {
      yield* feed.changesBehind(after === undefined ? await source.lastChange() : parseId(after)!, signal);
    } finally {
      feed.listeners -= 1;
      if (feed.listeners === 0) {
        feed.stop();
        feeds.delete(tenant);
      }
    }
  }

  return {
    watch(tenant, { after, signal }) {
      if (after !== undefined && parseId(after) === undefined) {
        throw new AppError('request_invalid', 'invalid Last-Event-ID: send the id of an event of this stream');
      }
      return listen(tenant, after, signal);
    },

    close() {
      for (const feed of feeds.values()) feed.stop();
    },
  };
}

/** The changes of one tenant. */
interface Feed<Row> {
  listeners: number;

  stop(): void;

  changesBehind(place: ChangePlace, signal: AbortSignal): AsyncGenerator<Change<Row>>;
}

function createFeed<Row extends ChangePlace>(source: ChangeSource<Row>, tenant: string, log: Logger): Feed<Row> {
  const stop = new AbortController();
  /** The newest change of each row, oldest first; it has all changes after `since`. */
  let recent: Row[] = [];
  let since: ChangePlace | null = null;
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));

  async function look(): Promise<void> {
    since ??= await source.lastChange();
    const rows = await source.changesBehind(tenant, recent.at(-1) ?? since, KEPT);
    if (rows.length === 0) return;
    const changed = new Set(rows.map(({ n }) => n));
    recent = [...recent.filter(({ n }) => !changed.has(n)), ...rows];
    if (recent.length > KEPT) {
      const dropped = recent.splice(0, recent.length - KEPT);
      since = dropped.at(-1)!;
    }
    const waking = wake;
    news = new Promise<void>((resolve) => (wake = resolve));
    waking();
  }

  const trouble = 'changes cannot be read; trying again';
  void keepGoing(look, stop.signal, { interval: INTERVAL, pause: INTERVAL, log, trouble });

  return {
    listeners: 0,
    stop: () => stop.abort(),

    async *changesBehind(place, signal) {
      const ended = new Promise<void>((resolve) => {
        const both = AbortSignal.any([signal, stop.signal]);
        if (both.aborted) resolve();
        both.addEventListener('abort', () => resolve(), { once: true });
      });
      let last: ChangePlace = place;
      while (!signal.aborted && !stop.signal.aborted) {
        const waiting = news;
        const covered = since !== null && !isBehind(since, last);
        const rows = covered
          ? recent.filter((row) => isBehind(row, last))
          : await source.changesBehind(tenant, last, KEPT);
        for (const row of rows) {
          last = row;
          yield { id: `${row.changed}-${row.n}`, row };
        }
        if (rows.length === 0) await Promise.race([waiting, ended]);
      }
    },
  };
}

function isBehind(a: ChangePlace, b: ChangePlace): boolean {
  return a.changed > b.changed || (a.changed === b.changed && a.n > b.n);
}

function parseId(id: string): ChangePlace | undefined {
  const [, changed, n] = /^(\d{1,16})-(-?\d{1,16})$/.exec(id) ?? [];
  return changed === undefined ? undefined : { changed: Number(changed), n: Number(n) };
}
