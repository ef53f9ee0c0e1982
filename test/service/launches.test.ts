import { expect, it } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import { type Blueprint, createLauncher } from '../../service/launches.ts';

/** A launcher whose claims wait until they are let go, and what it is asked to start for tenants. */
function scene() {
  const waiting: ((claimed: 'claimed' | Error) => void)[] = [];
  const store = {
    claim: () =>
      new Promise<string>((resolve, reject) => {
        waiting.push((end) => (end instanceof Error ? reject(end) : resolve(end)));
      }),
  };
  const temporal = { namespace: 'default', start: async () => true };
  const signer = { withWarrant: ({ memo }: Blueprint) => memo };
  const queues = { demandOwn: async () => undefined };
  const options = { signer, queues, clock: Date.now };
  const launcher = createLauncher(temporal as never, store as never, {} as never, options);
  const blueprint = (tenant: string) => (n: number) =>
    ({
      input: {},
      run: { actions: {} },
      memo: { n, tenant, ref: 'p.w', actions: [], tags: [] },
    }) as unknown as Blueprint;
  return {
    waiting,
    start: (tenant: string) =>
      launcher.launch(tenant, blueprint(tenant), { key: undefined, asked: null }).then(
        () => 'started',
        (error: unknown) => (error instanceof AppError ? error.code : 'failed'),
      ),
  };
}

it('a tenant has 200 starts under way, whatever they end with; then it is busy, and nobody else', async () => {
  const { waiting, start } = scene();
  const first = Array.from({ length: 200 }, () => start('a'));
  expect(await start('a')).toBe('busy');
  const other = start('b');
  await expect.poll(() => waiting.length).toBe(201);
  waiting[0]!('claimed');
  waiting[1]!(new Error('no database'));
  expect(await Promise.all(first.slice(0, 2))).toEqual(['started', 'failed']);
  const next = [start('a'), start('a')];
  expect(await start('a')).toBe('busy');
  await expect.poll(() => waiting.length).toBe(203);
  for (const end of waiting.slice(2)) end('claimed');
  expect(new Set(await Promise.all([...first.slice(2), other, ...next]))).toEqual(new Set(['started']));
});
