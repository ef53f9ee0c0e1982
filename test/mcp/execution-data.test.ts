import { expect, it } from 'vitest';
import { buildExecution } from '../../mcp/execution-data.ts';
import type { Definition } from '../../model/definition.ts';
import { projectExecution } from '../../projection/project.ts';
import { maskExecution } from '../../service/projections/masks.ts';
import { madeHistories, madeRun } from '../fixtures/made.ts';

it.each([
  [100, 100, 10_000, undefined],
  [101, 100, 10_000, 10_100],
])(
  'of %i targets of each of %i transitions, an execution shows %i connections',
  (targets, transitions, shown, total) => {
    const others = Array.from({ length: targets }, (_, index) => ({ name: `t${index}`, action: 'core.noop' }));
    const next = Array.from({ length: transitions }, () => ({
      when: '{{ false }}',
      do: others.map(({ name }) => name),
    }));
    const definition: Definition = { tasks: [{ name: 'first', action: 'core.noop', next }, ...others] };
    const execution = projectExecution('w', madeHistories(madeRun(definition)).flat());
    const { data } = buildExecution({ n: 1, execution: maskExecution(execution).execution, retries: [] }, true);
    const { connections, connectionsTotal } = data!.workflowData;
    expect([connections.first.main[0].length, connectionsTotal]).toEqual([shown, total]);
  },
);
