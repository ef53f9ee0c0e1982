import fc from 'fast-check';
import { expect, it } from 'vitest';
import { validateDefinition } from '../../interpreter/validate.ts';
import { parseDefinition } from '../../model/definition.ts';
import { randomRun } from './random-run.ts';
import { rehearse, TEST_ACTIONS } from './rehearse.ts';

it('every definition that is not refused ends, and never throws, whatever becomes of its tasks', () => {
  fc.assert(
    fc.property(randomRun(), ({ definition, outcomes }) => {
      const parsed = parseDefinition(definition, '');
      expect(parsed).toHaveProperty('definition');
      fc.pre(validateDefinition(definition, null, TEST_ACTIONS).issues.length === 0);
      const { close, state } = rehearse({ definition, outcomes });
      expect(close).toBeDefined();
      expect(state.pending.size).toBe(0);
      expect(state.visits.every(({ status }) => status !== 'running')).toBe(true);
      if (close?.outcome === 'completed') expect(close.failure).toBeNull();
      else expect(close?.failure).not.toBeNull();
    }),
    { numRuns: 3000 },
  );
});

it('the order in which events of one activation arrive does not matter', () => {
  fc.assert(
    fc.property(randomRun(), fc.integer(), ({ definition, outcomes, cancelAt }, seed) => {
      fc.pre(validateDefinition(definition, null, TEST_ACTIONS).issues.length === 0);
      const cancelled = (wave: number) => (wave === cancelAt ? [{ type: 'cancel' as const }] : []);
      const inOrder = rehearse({ definition, outcomes }, (events, wave) => [...events, ...cancelled(wave)]);
      const shuffled = rehearse({ definition, outcomes }, (events, wave) => {
        const all = [...cancelled(wave), ...events];
        return all
          .map((event, index) => ({ event, at: Math.sin(seed + index * 7.3 + wave) }))
          .sort((a, b) => a.at - b.at)
          .map(({ event }) => event);
      });
      expect(shuffled.close).toEqual(inOrder.close);
      expect(shuffled.commands).toEqual(inOrder.commands);
      expect(shuffled.state.visits).toEqual(inOrder.state.visits);
    }),
    { numRuns: 1500 },
  );
});
