import { expect } from 'vitest';
import { validateDefinition } from '../../language/validate.ts';
import { parseDefinition } from '../../model/definition.ts';
import { type Rehearsal, rehearse, STARTED, TEST_ACTIONS } from './rehearse.ts';

/** Plays a rehearsal, which must end as it says. */
export function expectRehearsal(rehearsal: Rehearsal): void {
  const parsed = parseDefinition(rehearsal.definition, '/definition');
  expect(parsed).toHaveProperty('definition');
  expect(validateDefinition(rehearsal.definition, null, TEST_ACTIONS).issues).toEqual([]);
  const { order, close, state } = rehearse(rehearsal);
  const { expect: wanted } = rehearsal;
  if (wanted.order.length > 0) expect(order).toEqual(wanted.order);
  expect(close?.outcome).toBe(wanted.outcome);
  if (wanted.output !== undefined) expect(close?.output).toEqual(wanted.output);
  if (wanted.failure !== undefined) expect(close?.failure).toMatchObject(wanted.failure);
  if (wanted.elapsed !== undefined) expect(state.now - STARTED).toBe(wanted.elapsed);
  expect(close?.also.map(({ type }) => type)).toEqual(wanted.also ?? []);
}
