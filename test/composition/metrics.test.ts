import { expect, it } from 'vitest';
import { collectWorkerMetrics } from '../../composition/metrics.ts';

it('the slots of a worker are told of the 20 tenants with the most activities, and of none that has left', async () => {
  const metrics = await collectWorkerMetrics(false);
  let tenants = Array.from({ length: 25 }, (_, n) => ({ tenant: `t${n}`, running: n, waiting: 2 * n }));
  metrics.watchSlots({ tenants: () => tenants });
  const lines = (await metrics.read()).split('\n').filter((line) => line.startsWith('fermata_slots{'));
  expect(lines).toHaveLength(40);
  expect(lines).toContain('fermata_slots{tenant="t24",state="running"} 24');
  expect(lines).toContain('fermata_slots{tenant="t5",state="waiting"} 10');
  expect(lines.join()).not.toContain('"t4"');
  tenants = [];
  expect(await metrics.read()).not.toContain('fermata_slots{');
});
