import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { isMultipleOf } from './decimal.ts';
import { ValueIndex } from './equality.ts';
import { formatCheck } from './format.ts';
import type { Check, SchemaValidation } from './node.ts';
import type { Pattern } from './pattern.ts';

/** The length of a schema's text that a message shows, in characters. */
const SHOWN = 200;

/** Creates the checks of the keywords that examine a value itself, in order of their reports. */
export function createAssertions(schema: JsonObject, pattern: Pattern | null): Check[] {
  return [
    ...typeCheck(schema),
    ...equalityChecks(schema),
    ...numberChecks(schema),
    ...textChecks(schema, pattern),
    ...sizeChecks(schema),
  ];
}

function typeCheck({ type }: JsonObject): Check[] {
  if (type === undefined) return [];
  const names = (Array.isArray(type) ? type : [type]).map(String);
  const numbers = names.includes('number');
  const integers = names.includes('integer');
  const expected = `must be ${names.map(described).join(' or ')}`;
  return [
    (walk, value, place) => {
      const found = typeName(value);
      if (found === 'number' ? numbers || (integers && Number.isInteger(value)) : names.includes(found)) return true;
      return walk.fail(place, 'type', `${expected}, not ${described(found)}`);
    },
  ];
}

function typeName(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function described(type: string): string {
  if (type === 'null') return 'null';
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function equalityChecks(schema: JsonObject): Check[] {
  const checks: Check[] = [];
  if (Object.hasOwn(schema, 'const')) {
    checks.push(oneOf('const', [schema.const!], `must be ${shown(schema.const!)}`));
  }
  const { enum: values } = schema;
  if (Array.isArray(values)) checks.push(oneOf('enum', values, `must be one of: ${listed(values)}`));
  return checks;
}

function oneOf(keyword: string, values: readonly Json[], message: string): Check {
  const known = new ValueIndex();
  for (const [index, value] of values.entries()) known.add(value, index, null);
  return (walk, value, place) => known.has(value, walk.meter) || walk.fail(place, keyword, message);
}

function numberChecks(schema: JsonObject): Check[] {
  const number = (keyword: string, words: string, holds: (value: number, bound: number) => boolean): Check[] => {
    const bound = schema[keyword];
    if (typeof bound !== 'number') return [];
    return [
      (walk, value, place) =>
        typeof value !== 'number' || holds(value, bound) || walk.fail(place, keyword, `must be ${words} ${bound}`),
    ];
  };
  return [
    ...number('minimum', 'at least', (value, bound) => value >= bound),
    ...number('maximum', 'at most', (value, bound) => value <= bound),
    ...number('exclusiveMinimum', 'more than', (value, bound) => value > bound),
    ...number('exclusiveMaximum', 'less than', (value, bound) => value < bound),
    ...multipleCheck(schema),
  ];
}

function multipleCheck({ multipleOf: divisor }: JsonObject): Check[] {
  if (typeof divisor !== 'number') return [];
  return [
    (walk, value, place) => {
      if (typeof value !== 'number') return true;
      walk.meter.charge(12);
      return isMultipleOf(value, divisor) || walk.fail(place, 'multipleOf', `must be a multiple of ${divisor}`);
    },
  ];
}

function textChecks(schema: JsonObject, pattern: Pattern | null): Check[] {
  const checks: Check[] = [
    ...sized(schema, 'minLength', 'characters', charactersOf),
    ...sized(schema, 'maxLength', 'characters', charactersOf),
  ];
  const { format, 'x-expected': expected } = schema;
  const words = typeof expected === 'string' ? `must be ${cut(expected)}` : null;
  if (pattern !== null) {
    const message = words ?? `must match the pattern ${cut(pattern.source)}`;
    checks.push(
      (walk, value, place) =>
        typeof value !== 'string' || walk.matcher.matches(pattern, value) || walk.fail(place, 'pattern', message),
    );
  }
  const holds = typeof format === 'string' ? formatCheck(format) : undefined;
  if (holds === undefined) return checks;
  checks.push((walk, value, place) => {
    if (typeof value !== 'string') return true;
    walk.meter.charge(1 + Math.ceil(value.length / 4));
    // The words have been said for the pattern already.
    if (words !== null && pattern !== null && !walk.matcher.matches(pattern, value)) return false;
    return holds(value) || walk.fail(place, 'format', words ?? `must match the format "${String(format)}"`);
  });
  return checks;
}

function sizeChecks(schema: JsonObject): Check[] {
  return [
    ...sized(schema, 'minItems', 'entries', entriesOf),
    ...sized(schema, 'maxItems', 'entries', entriesOf),
    ...uniqueCheck(schema),
    ...sized(schema, 'minProperties', 'properties', propertiesOf),
    ...sized(schema, 'maxProperties', 'properties', propertiesOf),
  ];
}

/** Creates the check of a bound of a size; `sizeOf` returns null for a value without a size. */
function sized(
  schema: JsonObject,
  keyword: string,
  unit: string,
  sizeOf: (value: Json, walk: SchemaValidation) => number | null,
): Check[] {
  const bound = schema[keyword];
  if (typeof bound !== 'number') return [];
  const least = keyword.startsWith('min');
  return [
    (walk, value, place) => {
      const size = sizeOf(value, walk);
      if (size === null || (least ? size >= bound : size <= bound)) return true;
      return walk.fail(place, keyword, `must have at ${least ? 'least' : 'most'} ${bound} ${unit}, not ${size}`);
    },
  ];
}

/** Counts the code points of a text, which are characters in JSON Schema. */
function charactersOf(value: Json, { meter }: SchemaValidation): number | null {
  if (typeof value !== 'string') return null;
  meter.charge(Math.ceil(value.length / 64));
  let count = 0;
  for (let at = 0; at < value.length; at += 1) {
    if (value.codePointAt(at)! > 0xffff) at += 1;
    count += 1;
  }
  return count;
}

function entriesOf(value: Json): number | null {
  return Array.isArray(value) ? value.length : null;
}

function propertiesOf(value: Json, { meter }: SchemaValidation): number | null {
  if (!isJsonObject(value)) return null;
  const { length } = Object.keys(value);
  meter.charge(Math.ceil(length / 8));
  return length;
}

function uniqueCheck({ uniqueItems }: JsonObject): Check[] {
  if (uniqueItems !== true) return [];
  return [
    (walk, value, place) => {
      if (!Array.isArray(value)) return true;
      const seen = new ValueIndex();
      for (const [index, entry] of value.entries()) {
        const before = seen.add(entry, index, walk.meter);
        if (before !== null) return walk.fail(place, 'uniqueItems', `the entries ${before} and ${index} are equal`);
      }
      return true;
    },
  ];
}

/** Lists the first values of a list, for a message. */
function listed(values: readonly Json[]): string {
  const shownOnes = values.slice(0, 20).map(shown).join(', ');
  return values.length > 20 ? `${shownOnes} and ${values.length - 20} more` : shownOnes;
}

function shown(value: Json): string {
  return cut(JSON.stringify(value));
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
