import type { Run, TaskLine } from '../../../client/shapes.ts';

/** An attempt of a task execution. */
export type TimelineAttempt = NonNullable<Run['attempts']>[number];

/** A thing that has a row: a visit or an item, or one of its attempts. */
export type Entry = { kind: 'task'; line: TaskLine } | { kind: 'attempt'; line: TaskLine; attempt: TimelineAttempt };

/** The things below one that is open, or all visits. */
export interface RowSource {
  readonly total: number;
  /** Undefined for one that has not been read yet. */
  at(index: number): Entry | undefined;
  indexOf(key: string): number;
  /** Has all be read up to an index. */
  demand(index: number): void;
  refresh(): void;
}

/** Rows on one level, some of which are open. */
export interface Branch {
  source: RowSource;
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
  isOpen: boolean;
}

/** Returns the key by which an entry is found again. */
export function entryKey(entry: Entry): string {
  return entry.kind === 'task' ? entry.line.key : `${entry.line.key}~${entry.attempt.attempt}`;
}

/** Returns whether there is anything below an entry: items, or attempts if there are several. */
export function canOpen(entry: Entry | undefined): boolean {
  if (entry?.kind !== 'task') return false;
  const { items, attempts } = entry.line;
  return items === null ? attempts > 1 : items.total > 0;
}

/** Returns the number of rows of a branch, with those below the ones that are open. */
export function countRows({ source, open }: Branch): number {
  let count = source.total;
  for (const below of open.values()) count += countRows(below);
  return count;
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
  return { index, level, place: place + 1, siblings: source.total, entry, parent, branch, isOpen };
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

/** Has everything be read again that may have changed. */
export function refreshBranch({ source, open }: Branch): void {
  source.refresh();
  for (const below of open.values()) refreshBranch(below);
}
