import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { formatCell } from '../../output.ts';

/** Returns the lines of the result of a test on an event: what it comes to, and then the condition, each part below the whole. */
export function testLines({
  matched,
  reason,
  when,
  parameters,
  would_start: start,
  dedupe,
  throttle,
}: JsonObject): string[] {
  const lines = [matched === true ? 'matches' : 'does not match'];
  if (isJsonObject(reason)) lines.push(`reason      ${formatCell(reason.code)}: ${formatCell(reason.message)}`);
  if (isJsonObject(when)) lines.push('condition', ...conditionLines(when, '  '));
  if (isJsonObject(dedupe)) lines.push(`key         ${formatCell(dedupe.key)}`);
  if (isJsonObject(throttle))
    lines.push(`throttle    ${formatCell(throttle.taken)} of ${formatCell(throttle.limit)} starts`);
  if (isJsonObject(parameters)) lines.push(`parameters  ${JSON.stringify(parameters)}`);
  if (isJsonObject(start))
    lines.push(`starts      ${[start.workflow, start.version].map((each) => formatCell(each)).join(' ')}`);
  return lines;
}

function conditionLines({ text, value, error, operands, parts }: JsonObject, indent: string): string[] {
  const result = isJsonObject(error) ? `error: ${formatCell(error.message)}` : JSON.stringify(value);
  const below = [operands, parts].flatMap((list) => (Array.isArray(list) ? (list as JsonObject[]) : []));
  return [`${indent}${formatCell(text)} → ${result}`, ...below.flatMap((each) => conditionLines(each, `${indent}  `))];
}

/** Returns the lines of the result of a test on the newest events. */
export function recentLines({
  considered,
  limited_by: limit = null,
  matched,
  undefined: without,
  failed,
}: JsonObject): string[] {
  const [ids, failures] = [matched as number[], failed as { event: number; reason: JsonObject }[]];
  return [
    `considered  ${formatCell(considered)}${limit === null ? '' : `: the limit of ${formatCell(limit)} was reached`}`,
    `matched     ${ids.length}${ids.length === 0 ? '' : `: ${ids.join(', ')}`}`,
    `undefined   ${formatCell(without)}`,
    `failed      ${failures.length}`,
    ...failures.map(({ event, reason }) => `  ${event}  ${formatCell(reason.code)}: ${formatCell(reason.message)}`),
  ];
}
