import { integer, text } from './arguments.ts';
import { formatPercent } from './earlier-format.ts';
import { EARLIER_TIME_FILTERS } from './earlier-time-filters.ts';
import { type Operation, operation } from './environment.ts';
import { typeError } from './errors.ts';
import { compileRegex, findAll, replaceMatches, replacementOf } from './regex.ts';
import { spell } from './spelling.ts';
import { regexFlags } from './text-filters.ts';
import { defined, floatOf, isFloat, kindOf, numberOf, type Value } from './values.ts';

/** Rounds half to even on the exact binary value, as Python does. */
function round(value: number, digits: number, method: string): number {
  const factor = 10 ** digits;
  if (method === 'ceil') return Math.ceil(value * factor) / factor;
  if (method === 'floor') return Math.floor(value * factor) / factor;
  if (method !== 'common') throw typeError(`there is no method '${method}'; there are: common, ceil, floor`);
  if (digits > 0) {
    const fixed = Number(value.toFixed(Math.min(100, digits)));
    return Number.isFinite(fixed) ? fixed : value;
  }
  const scaled = value * factor;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return rounded / factor;
}

/** Filters as dialect 1 has them. Nothing in here is ever mended: what open runs have decided must come out again. */
export const EARLIER_FILTERS: Readonly<Record<string, Operation>> = {
  ...EARLIER_TIME_FILTERS,
  round: operation('precision method', (value, [precision, method], { budget }) => {
    const number = numberOf(defined(value));
    if (number === null) throw typeError(`a number is expected, not ${kindOf(value)}`);
    const digits = integer(precision, 0);
    if (Math.abs(digits) > 100) throw typeError('the precision is at most 100');
    budget.work(5);
    const rounded = round(number, digits, text(method, 'common'));
    return isFloat(value) ? floatOf(rounded) : rounded;
  }),
  regex_replace: operation(
    'pattern replacement ignorecase multiline dotall',
    (value, [pattern, to, ...rest], { budget }) => {
      const source = spell(value, budget);
      const regex = compileRegex(text(pattern), regexFlags(budget, ...rest), budget);
      const replacement = replacementOf(text(to), budget);
      budget.text((source.length + 1) * (replacement.length + 1));
      return replaceMatches(regex, source, replacement, budget);
    },
  ),
  regex_findall: operation('pattern ignorecase multiline dotall', (value, [pattern, ...rest], { budget }) =>
    findAll(text(pattern), spell(value, budget), regexFlags(budget, ...rest), budget),
  ),
  format: operation('*', (value, args, { budget }, named) =>
    formatPercent(spell(value, budget), args as Value[], named, budget),
  ),
};
