import { expect, it } from 'vitest';
import { validateDefinition } from '../../interpreter/validate.ts';
import { parseDefinition } from '../../model/definition.ts';
import { REHEARSALS } from './rehearsals.ts';
import { rehearse, SPECS } from './rehearse.ts';

const actions = new Map(
  Object.entries(SPECS).map(([ref, { param_schema }]) => [ref, { param_schema: param_schema ?? null }]),
);

it.each(REHEARSALS)('$name', (rehearsal) => {
  const parsed = parseDefinition(rehearsal.definition, '/definition');
  expect(parsed).toHaveProperty('definition');
  expect(validateDefinition(rehearsal.definition, null, actions).issues).toEqual([]);
  const { order, close } = rehearse(rehearsal);
  const { expect: wanted } = rehearsal;
  if (wanted.order.length > 0) expect(order).toEqual(wanted.order);
  expect(close?.outcome).toBe(wanted.outcome);
  if (wanted.output !== undefined) expect(close?.output).toEqual(wanted.output);
  if (wanted.failure !== undefined) expect(close?.failure).toMatchObject(wanted.failure);
  expect(close?.also.map(({ type }) => type)).toEqual(wanted.also ?? []);
});
