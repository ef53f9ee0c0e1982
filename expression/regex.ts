import { RE2JS } from 're2js';
import { typeError } from './errors.ts';

const cache = new Map<string, RE2JS>();
const CACHED = 200;

/** A compiled pattern; matching takes linear time, whatever the pattern. Throws on what is no pattern. */
export function compileRegex(
  pattern: string,
  flags: { ignorecase: boolean; multiline: boolean; dotall: boolean },
): RE2JS {
  const bits =
    (flags.ignorecase ? RE2JS.CASE_INSENSITIVE : 0) |
    (flags.multiline ? RE2JS.MULTILINE : 0) |
    (flags.dotall ? RE2JS.DOTALL : 0);
  const key = `${bits} ${pattern}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (pattern.length > 10_000) throw typeError('the pattern has more than 10,000 characters');
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern, bits);
  } catch (error) {
    throw typeError(`'${pattern.slice(0, 100)}' is no regular expression: ${(error as Error).message}`);
  }
  if (cache.size >= CACHED) cache.clear();
  cache.set(key, compiled);
  return compiled;
}

/** A replacement in Python's words (`\\1`, `\\g<name>`) in those of the engine. */
export function replacementOf(text: string): string {
  return text
    .replaceAll('$', '\\$')
    .replace(/\\(\d+)/g, (_, number: string) => `$${number}`)
    .replace(/\\g<(\w+)>/g, (_, name: string) => `$\u007b${name}}`);
}
