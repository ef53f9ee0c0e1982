import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createEventMetrics } from '../../composition/event-metrics.ts';
import { AppError } from '../../model/app-error.ts';
import type { EnforcementStore } from '../../store/events/enforcements.ts';

it('events, refusals, enforcements and starts are counted, and what is counted does as it did', async () => {
  const registry = new Registry();
  const metrics = createEventMetrics(registry);
  const linesOf = async (name: string) =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));

  const full = new AppError('events_full', 'full');
  const accepted = [{ duplicate: false }, { duplicate: true }, { duplicate: false }];
  const intake = metrics.countEvents({
    accept: async (from) => (from.tenant === 'full' ? Promise.reject(full) : (accepted as never)),
  });
  const from = { tenant: 't', ingress: 'api', source: '/test', principal: null };
  expect(await intake.accept(from, [])).toBe(accepted);
  await intake.accept({ ...from, ingress: '7', webhook: { trigger: null, writers: [] } }, []);
  await expect(intake.accept({ ...from, tenant: 'full' }, [])).rejects.toBe(full);
  expect(await linesOf('fermata_events_total{')).toEqual([
    'fermata_events_total{ingress="api"} 2',
    'fermata_events_total{ingress="webhook"} 2',
  ]);

  const forged = new AppError('signature_invalid', 'no');
  const hooks = metrics.countRefused({
    find: async () => 'found' as never,
    verify: () => Promise.reject(forged),
    receive: async () => ({ challenge: 'x' }),
  });
  expect(await hooks.find('key')).toBe('found');
  await expect(hooks.verify({} as never, new Map(), new Uint8Array())).rejects.toBe(forged);
  expect(await linesOf('fermata_events_refused_total{')).toEqual([
    'fermata_events_refused_total{reason="events_full"} 1',
    'fermata_events_refused_total{reason="signature_invalid"} 1',
  ]);

  const matches = ['pending', 'suppressed', 'failed', 'failed'].map((status) => ({ status }));
  const planning = metrics.countPlanned({
    tenants: async () => [],
    plan: async (tenant, _, decide) => {
      if (tenant === 'busy') return null;
      await decide({} as never);
      if (tenant === 'lost') throw forged;
      return 3;
    },
  });
  const decide = async () => ({ decided: 3, partial: null, matches, counts: [] }) as never;
  expect(await planning.plan('t', 1, decide)).toBe(3);
  expect(await planning.plan('busy', 1, decide)).toBeNull();
  // Nothing of a transaction that was rolled back counts.
  await expect(planning.plan('lost', 1, decide)).rejects.toBe(forged);
  const settle: EnforcementStore['settle'] = async ({ id }) => id === 1;
  const store = metrics.countSettled({ settle });
  expect(await store.settle({ tenant: 't', id: 1 }, { status: 'started', execution: 1 })).toBe(true);
  expect(await store.settle({ tenant: 't', id: 2 }, { status: 'started', execution: 1 })).toBe(false);
  await store.settle({ tenant: 't', id: 1 }, { status: 'pending', attempts: 1, notBefore: null });
  metrics.noteSuppressed(2);
  expect(await linesOf('fermata_enforcements_total{')).toEqual([
    'fermata_enforcements_total{status="suppressed"} 3',
    'fermata_enforcements_total{status="failed"} 2',
    'fermata_enforcements_total{status="started"} 1',
  ]);

  metrics.noteStart(750);
  expect(await linesOf('fermata_event_start_seconds_sum')).toEqual(['fermata_event_start_seconds_sum 0.75']);
  let counts: Promise<Map<string, number>> = Promise.resolve(new Map(Object.entries({ a: 3, b: 4 })));
  metrics.watchBacklog({ count: () => counts });
  expect(await linesOf('fermata_event_backlog ')).toEqual(['fermata_event_backlog 7']);
  counts = Promise.reject(new Error('down'));
  expect(await linesOf('fermata_event_backlog ')).toEqual(['fermata_event_backlog Nan']);
});
