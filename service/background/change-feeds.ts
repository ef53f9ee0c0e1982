import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import { createSignalScope } from '../../model/signals.ts';
import type { ChangeMoment, ChangePlace } from '../../store/executions/execution-lists.ts';
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
  /** Returns the present moment. */
  moment(): Promise<ChangeMoment>;
}

/**
 * A stream of changes; `start` is the id after which it begins, to resume where no change was seen yet. Behind that id there may also be
 * changes of the moment before, which only a stream that resumes has.
 */
export interface Watched<Entry> {
  start: string;
  entries: AsyncGenerator<Entry>;
}

/** Streams the changes of tenants while they happen. */
export interface ChangeFeeds<Row> {
  /**
   * Streams every change of a tenant after an id, or from now on, until the signal is aborted. A row that has changed several times in
   * between appears once, as it is. Throws `request_invalid` for an id that no change has.
   */
  watch(tenant: string, options: { after?: string | undefined; signal: AbortSignal }): Promise<Watched<Change<Row>>>;
  /** Ends every stream. */
  close(): void;
}

/** Milliseconds between two reads. */
const INTERVAL = 500;

/** The most changes that are read at a time. */
const AT_ONCE = 1_000;

/** Creates the feeds, which read the changes of a tenant once however many listen. */
export function createChangeFeeds<Row extends ChangePlace>(source: ChangeSource<Row>, log: Logger): ChangeFeeds<Row> {
  const feeds = new Map<string, Feed<Row>>();

  async function* listen(tenant: string, place: ChangePlace, signal: AbortSignal): AsyncGenerator<Change<Row>> {
    const feed = feeds.get(tenant) ?? createFeed(source, tenant, log);
    feeds.set(tenant, feed);
    feed.listeners += 1;
    try {
      yield* feed.changesBehind(place, signal);
    } finally {
      feed.listeners -= 1;
      if (feed.listeners === 0) {
        feed.stop();
        feeds.delete(tenant);
      }
    }
  }

  return {
    async watch(tenant, { after, signal }) {
      if (after === undefined) {
        const { place, isPast } = await source.moment();
        return { start: idOf(place), entries: withoutPast(listen(tenant, place, signal), isPast) };
      }
      const place = parseId(after);
      if (place === undefined) {
        throw new AppError('request_invalid', 'invalid Last-Event-ID: send the id of an event of this stream');
      }
      return { start: after, entries: listen(tenant, place, signal) };
    },

    close() {
      for (const feed of feeds.values()) feed.stop();
    },
  };
}

async function* withoutPast<Row extends ChangePlace>(
  changes: AsyncGenerator<Change<Row>>,
  isPast: ChangeMoment['isPast'],
): AsyncGenerator<Change<Row>> {
  for await (const change of changes) if (!isPast(change.row.changed)) yield change;
}

/** The changes of one tenant. */
interface Feed<Row> {
  listeners: number;

  stop(): void;

  changesBehind(place: ChangePlace, signal: AbortSignal): AsyncGenerator<Change<Row>>;
}

function createFeed<Row extends ChangePlace>(source: ChangeSource<Row>, tenant: string, log: Logger): Feed<Row> {
  const stop = new AbortController();
  /** The changes that the last look has found: all after a place, in order. Older ones are read again, as the rows are by then. */
  let found: { since: ChangePlace; rows: Row[] } | null = null;
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));

  async function look(): Promise<void> {
    const since = found === null ? (await source.moment()).place : (found.rows.at(-1) ?? found.since);
    const rows = await source.changesBehind(tenant, since, AT_ONCE);
    // A change between the first read of a listener and the first look is in neither.
    const isNews = rows.length > 0 || found === null;
    found = { since, rows };
    if (!isNews) return;
    const waking = wake;
    news = new Promise<void>((resolve) => (wake = resolve));
    waking();
  }

  const trouble = 'changes cannot be read; trying again';
  void keepGoing(look, stop.signal, { interval: INTERVAL, pause: INTERVAL, log, trouble });

  /** Gives the changes after a place until a signal is aborted. */
  async function* changesUntil(end: AbortSignal, place: ChangePlace): AsyncGenerator<Change<Row>> {
    const ended = new Promise<void>((resolve) => {
      if (end.aborted) resolve();
      end.addEventListener('abort', () => resolve(), { once: true });
    });
    let last = place;
    // The rows that were found before it came may have changed since.
    let isNew = true;
    while (!end.aborted) {
      const waiting = news;
      const known = isNew ? null : found;
      isNew = false;
      const rows =
        known !== null && !isBehind(known.since, last)
          ? known.rows.filter((row) => isBehind(row, last))
          : await source.changesBehind(tenant, last, AT_ONCE);
      for (const row of rows) {
        last = row;
        yield { id: idOf(row), row };
      }
      if (rows.length === 0) await Promise.race([waiting, ended]);
    }
  }

  return {
    listeners: 0,
    stop: () => stop.abort(),

    async *changesBehind(place, signal) {
      const scope = createSignalScope();
      try {
        yield* changesUntil(scope.eitherOf([signal, stop.signal]), place);
      } finally {
        scope.end();
      }
    },
  };
}

function isBehind(a: ChangePlace, b: ChangePlace): boolean {
  return a.changed > b.changed || (a.changed === b.changed && a.n > b.n);
}

function idOf({ changed, n }: ChangePlace): string {
  return `${changed}-${n}`;
}

function parseId(id: string): ChangePlace | undefined {
  const [, changed, n] = /^(\d{1,16})-(-?\d{1,16})$/.exec(id) ?? [];
  return changed === undefined ? undefined : { changed: Number(changed), n: Number(n) };
}
