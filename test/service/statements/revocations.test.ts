import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { ProjectionReader } from '../../../service/projections/reader.ts';
import { tellRevocation } from '../../../service/statements/revocations.ts';
import type { StatementSigner } from '../../../service/statements/statements.ts';
import type { Temporal } from '../../../temporal/gateway.ts';

/** Pages of open runs, of which one ends the process as it is told. */
const PAGES = [['a', 'b'], ['c'], ['d']];

it.each<[string, string | null, boolean, number]>([
  ['never', null, true, 4],
  ['on the first page', 'b', false, 2],
  ['on the last page', 'd', false, 4],
])('a process that ends %s: finished or not', async (_, last, finished, told) => {
  const ending = new AbortController();
  const temporal = {
    async *list() {
      for (const page of PAGES) yield page.map((workflowId) => ({ execution: { workflowId } }));
    },
    signal: async (workflowId: string) => {
      if (workflowId === last) ending.abort();
      return true;
    },
  } as unknown as Temporal;
  const projections = {
    read: async () => ({ execution: { trust: { keys: { key: 'x' } } } }),
  } as unknown as ProjectionReader;
  const signer = { sealRevocation: () => [{}] } as unknown as StatementSigner;
  const log = pino({ level: 'silent' });
  const counts = { told: 0, failed: 0 };
  const reading = { temporal, projections, signer, log, clock: () => 0 };
  expect(await tellRevocation(reading, { kid: 'key', own: null }, counts, ending.signal)).toBe(finished);
  expect(counts).toEqual({ told, failed: 0 });
});
