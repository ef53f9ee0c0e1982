import { formatBraces } from './earlier-format.ts';
import { type Operation, operation } from './environment.ts';
import type { Value } from './values.ts';

/** Methods as dialect 1 has them, for each kind of value. Nothing in here is ever mended. */
export const EARLIER_METHODS: Readonly<Record<'text' | 'list' | 'dict', Readonly<Record<string, Operation>>>> = {
  text: {
    format: operation('*', (value, args, { budget }, named) =>
      formatBraces(value as string, args as Value[], named, budget),
    ),
  },
  list: {},
  dict: {},
};
