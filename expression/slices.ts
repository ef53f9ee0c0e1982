import type { Budget } from './budget.ts';
import { typeError } from './errors.ts';
import { describeKind, entriesOf, Tuple, type Value } from './values.ts';

/** The parts between the brackets of a slice; null for one that is left out. They are evaluated in this order. */
interface Bounds {
  step(): number | null;
  ends(): [from: number | null, to: number | null];
}

/** Returns a part of a list, a tuple or a text, as Python's slices do. */
export function slice(value: Value, bounds: Bounds, budget: Budget): Value {
  // A text without surrogates has a code point at each unit.
  const wide = typeof value === 'string' && /[\ud800-\udfff]/.test(value);
  if (wide) budget.work(value.length / 16);
  const list = typeof value === 'string' ? (wide ? [...value] : value) : entriesOf(value);
  if (list === null) throw typeError(`${describeKind(value)} cannot be sliced`);
  budget.read(value);
  const step = bounds.step() ?? 1;
  if (step === 0) throw typeError('a slice has no step of zero');
  const clamp = (index: number, low: number, high: number) =>
    Math.min(high, Math.max(low, index < 0 ? list.length + index : index));
  const [low, high] = step > 0 ? [0, list.length] : [-1, list.length - 1];
  const [first, last] = bounds.ends();
  const start = first === null ? (step > 0 ? low : high) : clamp(first, low, high);
  const end = last === null ? (step > 0 ? high : low) : clamp(last, low, high);
  if (typeof list === 'string' && step === 1) return list.slice(start, Math.max(start, end));
  const size = Math.max(0, Math.ceil((end - start) / step));
  budget.work(size / 4);
  const part = Array.from({ length: size }, (_, index) => list[start + index * step]!);
  if (typeof value === 'string') return part.join('');
  return value instanceof Tuple ? new Tuple(part) : part;
}
