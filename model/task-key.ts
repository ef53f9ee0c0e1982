// The key of a task execution: `name`, or `name#2` from the second visit on; with items `name[0]`, `name#2[0]`. The key of an attempt that
// the interpreter itself makes again has the number of the try behind that: `name#2[0]~3`.

/** Returns the key of a visit to a task; visits count from 1. */
export function visitKey(name: string, visit: number): string {
  return visit === 1 ? name : `${name}#${visit}`;
}

/** Returns the key of an item of a visit; items count from 0. */
export function itemKey(visit: string, item: number): string {
  return `${visit}[${item}]`;
}

/** Returns the key of a try of a task execution; tries count from 1. It is the id of the activity, timer or sub-workflow. */
export function tryKey({ key, tries }: { key: string; tries: number }): string {
  return tries === 1 ? key : `${key}~${tries}`;
}

/** Returns the key of the task execution that a try belongs to. */
export function executionKey(key: string): string {
  return key.replace(/~\d+$/, '');
}

/** Returns the number of a try, from its key. */
export function tryNumber(key: string): number {
  return Number(/~(\d+)$/.exec(key)?.[1] ?? 1);
}

/** Returns the key of the visit that a task execution belongs to: its own, unless it is an item of one. */
export function keyOfVisit(key: string): string {
  return key.replace(/\[\d+\]$/, '');
}

/** Parses the key of a task execution or of a try. `item` is null for a visit. */
export function parseTaskKey(key: string): { name: string; visit: number; item: number | null } {
  const [, name = '', visit, item] = /^([^#~[]+)(?:#(\d+))?(?:\[(\d+)\])?/.exec(key) ?? [];
  return { name, visit: Number(visit ?? 1), item: item === undefined ? null : Number(item) };
}
