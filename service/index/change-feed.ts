import { AppError } from '../../model/app-error.ts';
import type { Logger } from '../../model/log.ts';
import type { Principal } from '../../model/principal.ts';
import type { ChangePlace } from '../../store/executions/execution-lists.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { keepGoing } from '../background/loops.ts';
import { type ListedExecution, listedRun } from './rows.ts';

/** A run that has changed, as it is now; `id` denotes the place of the change, to resume after it. */
export interface ChangeEntry {
  id: string;
  run: ListedExecution;
}

/** Milliseconds between two reads. */
const INTERVAL = 500;

/** The most changes that are read at a time, and that are kept for all listeners. */
const KEPT = 1_000;

/** Streams the changes of all runs of a tenant while they happen. */
export interface ChangeService {
  /**
   * Streams every change after an entry, or from now on, until the signal is aborted. A run that has changed several times in between
   * appears once, as it is. Throws `request_invalid` for an id that no entry has.
   */
  watch(
    principal: Principal,
    options: { after?: string | undefined; signal: AbortSignal },
  ): AsyncGenerator<ChangeEntry>;
  /** Ends every stream. */
  close(): void;
}

/** The dependencies of the service. */
export interface ChangeDependencies {
  store: ExecutionStore;
  log: Logger;
}

/** Creates the service, which reads the changes of a tenant once however many listen. */
export function createChangeService({ store, log }: ChangeDependencies): ChangeService {
  const feeds = new Map<string, Feed>();

  async function* listen(tenant: string, after: string | undefined, signal: AbortSignal): AsyncGenerator<ChangeEntry> {
    const feed = feeds.get(tenant) ?? createFeed(store, tenant, log);
    feeds.set(tenant, feed);
    feed.listeners += 1;
    try {
      yield* feed.changesBehind(after === undefined ? await store.lastChange() : parseId(after)!, signal);
    } finally {
      feed.listeners -= 1;
      if (feed.listeners === 0) {
        feed.stop();
        feeds.delete(tenant);
      }
    }
  }

  return {
    watch({ tenant }, { after, signal }) {
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

export interface Feed {
  listeners: number;

  stop(): void;

  changesBehind(place: ChangePlace, signal: AbortSignal): AsyncGenerator<ChangeEntry>;
}

function createFeed(store: ExecutionStore, tenant: string, log: Logger): Feed {
  const stop = new AbortController();
  /** The newest change of each run, oldest first; it has all changes after `since`. */
  let recent: IndexRow[] = [];
  let since: ChangePlace | null = null;
  let wake = () => {};
  let news = new Promise<void>((resolve) => (wake = resolve));

  async function look(): Promise<void> {
    since ??= await store.lastChange();
    const rows = await store.changesBehind(tenant, recent.at(-1) ?? since, KEPT);
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
      let last = place;
      while (!signal.aborted && !stop.signal.aborted) {
        const waiting = news;
        const covered = since !== null && !isBehind(since, last);
        const rows = covered
          ? recent.filter((row) => isBehind(row, last))
          : await store.changesBehind(tenant, last, KEPT);
        for (const row of rows) {
          last = row;
          yield { id: `${row.changed}-${row.n}`, run: listedRun(row) };
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
