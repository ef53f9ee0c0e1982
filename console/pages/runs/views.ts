import { refuseInput } from '../../client/request-error.ts';

/** A list of runs that somebody has given a name: its query. */
export interface SavedView {
  name: string;
  query: string;
}

/** The most views that are kept. */
const MOST = 50;

/**
 * Returns the key by which this browser keeps the views of somebody, so that nobody sees those of others; `root` is the path of the
 * installation.
 */
export function viewsKey(root: string, { tenant, subject }: { tenant: string; subject: string }): string {
  return `fermata-views${root}:${JSON.stringify([tenant, subject])}`;
}

/** Returns the views that were saved under a key. */
export function savedViews(key: string): SavedView[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isView) : [];
  } catch {
    return [];
  }
}

/** Keeps a view, in place of another one of its name; returns all. Throws a RequestError if the browser does not keep it. */
export function saveView(key: string, view: SavedView): SavedView[] {
  return store(key, [view, ...savedViews(key).filter(({ name }) => name !== view.name)].slice(0, MOST));
}

/** Forgets a view; returns the others. Throws a RequestError if the browser does not. */
export function forgetView(key: string, forgotten: string): SavedView[] {
  return store(
    key,
    savedViews(key).filter(({ name }) => name !== forgotten),
  );
}

function store(key: string, views: SavedView[]): SavedView[] {
  try {
    localStorage.setItem(key, JSON.stringify(views));
  } catch {
    throw refuseInput('This browser does not let the console store views.');
  }
  return views;
}

function isView(value: unknown): value is SavedView {
  const { name, query } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && typeof query === 'string';
}
