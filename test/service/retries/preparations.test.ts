import { expect, it } from 'vitest';
import type { Principal } from '../../../model/principal.ts';
import { createRetryPreparer, type RetriedRun } from '../../../service/retries/preparations.ts';
import type { StartCommand } from '../../../service/starts/start-command.ts';

const MINTED = 4_294_967_297;
const cause = { by: 'rule', enforcement: MINTED };

it.each([
  [true, MINTED, cause, { enforcement: MINTED, cause }],
  [null, MINTED, cause, { enforcement: MINTED, cause }],
  [null, MINTED, undefined, { enforcement: null }],
  [true, 42, undefined, { enforcement: 42 }],
  [false, MINTED, cause, { enforcement: null }],
  [false, 42, cause, { enforcement: 42 }],
])(
  'a retry of a run whose start is authentic (%s) keeps enforcement %i and cause only together, or the number of a caller',
  async (authentic, enforcement, causeOfRun, kept) => {
    let asked: Partial<StartCommand> = {};
    const prepare = createRetryPreparer({
      starts: {
        resolve: async (_, command) => {
          asked = command;
          return {} as never;
        },
      },
      projections: { readCarried: async () => null },
      signer: { trust: () => ({}) as never },
    });
    const execution = {
      memo: { ref: 'p.w', owner: 'ann', enforcement, cause: causeOfRun },
      run: null,
      workflowType: 'p.w',
      authentic,
      status: 'failed',
    };
    const run = { n: 1, execution, retries: [], projected: null } as unknown as RetriedRun;
    await prepare({} as Principal, run, { from: 'start' }, () => undefined);
    expect({ enforcement: asked.enforcement, ...(asked.cause && { cause: asked.cause }) }).toEqual(kept);
  },
);
