/** A list of runs that somebody has given a name: its query. */
export interface SavedView {
  name: string;
  query: string;
}

const STORED = 'fermata-views';

/** The most views that are kept. */
const MOST = 50;

/** Returns the views that were saved in this browser. */
export function savedViews(): SavedView[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isView) : [];
  } catch {
    return [];
  }
}

/** Keeps a view, in place of another one of its name; returns all. */
export function saveView(view: SavedView): SavedView[] {
  return store([view, ...savedViews().filter(({ name }) => name !== view.name)].slice(0, MOST));
}

/** Forgets a view; returns the others. */
export function forgetView(forgotten: string): SavedView[] {
  return store(savedViews().filter(({ name }) => name !== forgotten));
}

function store(views: SavedView[]): SavedView[] {
  localStorage.setItem(STORED, JSON.stringify(views));
  return views;
}

function isView(value: unknown): value is SavedView {
  const { name, query } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && typeof query === 'string';
}
