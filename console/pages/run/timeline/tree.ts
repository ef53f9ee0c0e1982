import type { RequestError } from '../../../client/request-error.ts';
import { type Entry, entryKey } from './entry.ts';

/** The things below one that is open, or all visits. */
export interface RowSource {
  readonly total: number;
  /** Undefined for one that has not been read yet. */
  at(index: number): Entry | undefined;
  /** Why the last read failed; null where it did not. */
  readonly error: RequestError | null;
  indexOf(key: string): number;
  /** Has all be read up to an index, unless the last read failed. */
  demand(index: number): void;
  /** Has all be read again that may have changed; also after a failure. */
  refresh(): void;
}

/** Rows on one level, some of which are open. */
export interface Branch {
  source: RowSource;
  /** Whether items stand next to their visits on this level: they do not stand below them as well then. */
  hasItems: boolean;
  /** The rows below each one that is open, by its key. */
  open: Map<string, Branch>;
}

/** A row, as the tree is now. */
export interface TreeRow {
  index: number;
  /** From 1. */
  level: number;
  /** From 1, among `siblings`. */
  place: number;
  siblings: number;
  /** Undefined for what has not been read yet. */
  entry: Entry | undefined;
  /** The index of the row that this one is below; null at the top. */
  parent: number | null;
  branch: Branch;
  /** Whether there is anything below it: items, or attempts if there are several. */
  canOpen: boolean;
  isOpen: boolean;
}

/** Returns the number of rows of a branch, with those below the ones that are open. */
export function countRows(branch: Branch): number {
  return listOpen(branch).reduce((count, { below }) => count + countRows(below), branch.source.total);
}

/** Returns the row at an index from 0; undefined where there is none. */
export function rowAt(branch: Branch, index: number): TreeRow | undefined {
  return find(branch, index, { level: 1, parent: null, first: 0 });
}

interface Whereabouts {
  level: number;
  parent: number | null;
  /** The index of the first row of the branch. */
  first: number;
}

function find(branch: Branch, index: number, { level, parent, first }: Whereabouts): TreeRow | undefined {
  const { source } = branch;
  let shift = 0;
  for (const { place, below } of listOpen(branch)) {
    const at = first + place + shift;
    if (index <= at) break;
    const count = countRows(below);
    if (index <= at + count) return find(below, index, { level: level + 1, parent: at, first: at + 1 });
    shift += count;
  }
  const place = index - first - shift;
  if (place < 0 || place >= source.total) return undefined;
  const entry = source.at(place);
  const isOpen = entry !== undefined && branch.open.has(entryKey(entry));
  const below = { canOpen: canOpen(branch, entry), isOpen };
  return { index, level, place: place + 1, siblings: source.total, entry, parent, branch, ...below };
}

function canOpen({ hasItems }: Branch, entry: Entry | undefined): boolean {
  if (entry?.kind !== 'task') return false;
  const { items, attempts } = entry.line;
  return items === null ? attempts > 1 : !hasItems && items.total > 0;
}

/** Returns the index of the row of an entry on the top level or in what is open; -1 where it is not there. */
export function indexOfRow(branch: Branch, key: string, first = 0): number {
  const place = branch.source.indexOf(key);
  let shift = 0;
  for (const each of listOpen(branch)) {
    if (place >= 0 && each.place >= place) break;
    const found = indexOfRow(each.below, key, first + each.place + shift + 1);
    if (found >= 0) return found;
    shift += countRows(each.below);
  }
  return place < 0 ? -1 : first + place + shift;
}

/** Returns what is open on one level, in order. */
function listOpen({ source, open }: Branch): { place: number; below: Branch }[] {
  const found = Array.from(open, ([key, below]) => ({ place: source.indexOf(key), below }));
  return found.filter(({ place }) => place >= 0).sort((a, b) => a.place - b.place);
}

/** Has everything be read again that may have changed; what was below an entry that is gone is forgotten. */
export function refreshBranch({ source, open }: Branch): void {
  source.refresh();
  for (const [key, below] of open) {
    if (source.indexOf(key) < 0) open.delete(key);
    else refreshBranch(below);
  }
}

/** Returns why something that is shown could not be read; null where nothing has failed. */
export function findError(branch: Branch): RequestError | null {
  const errors = listOpen(branch).map(({ below }) => findError(below));
  return branch.source.error ?? errors.find((error) => error !== null) ?? null;
}
