import { defined, entriesOf, isDict, kindOf, Namespace, Undefined, type Value } from './values.ts';

/** `value.name` or `value[key]`: own keys alone, negative indexes from the end; Undefined where there is nothing. */
export function readMember(value: Value, key: string | number): Value {
  const known = defined(value);
  const list = typeof known === 'string' && typeof key === 'number' ? [...known] : entriesOf(known);
  if (list !== null) {
    if (typeof key !== 'number') return new Undefined(`no key '${key}' in ${kindOf(known)}`);
    const found = list[key < 0 ? list.length + key : key];
    return found === undefined ? new Undefined(`no element ${key} in ${kindOf(known)} of ${list.length}`) : found;
  }
  const entries = known instanceof Namespace ? known.entries : isDict(known) ? known : null;
  if (entries === null) return new Undefined(`no key '${key}' in ${kindOf(known)}`);
  if (typeof key === 'string' && !isPrivate(key) && Object.hasOwn(entries, key)) return entries[key]!;
  return new Undefined(`no key '${key}'; there are: ${listNames(Object.keys(entries))}`);
}

/** Names that are never data: `__proto__` and its like. */
export function isPrivate(name: string): boolean {
  return name.startsWith('__') && name.endsWith('__');
}

/** Some names, for a message. */
export function listNames(names: string[]): string {
  if (names.length === 0) return 'none';
  return names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ');
}
