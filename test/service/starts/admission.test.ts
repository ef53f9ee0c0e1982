import { expect, it } from 'vitest';
import { AppError } from '../../../model/app-error.ts';
import { createAdmission } from '../../../service/starts/admission.ts';

interface UnderWay {
  tenant: string;
  end: (error?: Error) => void;
}

/** An admission with a clock that is set by hand, and the starts that are under way, in the order in which they were let in. */
function scene() {
  let now = 0;
  const admit = createAdmission(() => now);
  const underWay: UnderWay[] = [];
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const scene = {
    underWay,
    tenants: () => underWay.map(({ tenant }) => tenant).join(''),
    /** Has a tenant start runs; those that fail do so in silence. */
    async start(tenant: string, count = 1): Promise<void> {
      for (let made = 0; made < count; made += 1) {
        const started = admit(tenant, (measure) =>
          measure(
            () =>
              new Promise<void>((resolve, reject) => {
                underWay.push({ tenant, end: (error) => (error === undefined ? resolve() : reject(error)) });
              }),
          ),
        );
        started.catch(() => undefined);
      }
      await settled();
    },
    /** Ends the first starts that are under way, after some milliseconds. */
    async end(count: number, milliseconds: number, error?: Error): Promise<void> {
      now += milliseconds;
      for (const { end } of underWay.splice(0, count)) end(error);
      await settled();
    },
  };
  return scene;
}

it('where starts wait for each other, a flooding tenant gets few of them, and another one starts at once', async () => {
  const { start, end, tenants, underWay } = scene();
  await start('a', 190);
  expect(tenants()).toBe('aaaaaaaa');
  for (let ended = 0; ended < 100; ended += 1) await end(1, 50);
  expect(underWay.length).toBeLessThanOrEqual(5);
  await start('b');
  expect(tenants()).toMatch(/^a{3,5}b$/);
});

it('where they do not, a tenant gets more and more of them', async () => {
  const { start, end, underWay } = scene();
  for (let round = 0; round < 30; round += 1) {
    await start('a', 190 - underWay.length);
    await end(underWay.length, 100);
  }
  expect(underWay.length).toBeGreaterThan(20);
});

it('tenants that wait take turns, however many starts one has waiting', async () => {
  const { start, end, underWay } = scene();
  await start('a', 100);
  await start('b', 20);
  await start('c', 20);
  await end(underWay.length, 0, new Error('refused'));
  expect(
    underWay
      .map(({ tenant }) => tenant)
      .sort()
      .join(''),
  ).toMatch(/^a{3,4}b{3,4}c{3,4}$/);
});

it.each([
  // how starts end, and how many of a tenant are under way after ten have
  ['they fail', new Error('no database'), 8],
  ['they are refused', new AppError('concurrency_conflict', 'one is open'), 8],
  ['Temporal does not respond', new AppError('temporal_unavailable', 'Temporal does not respond'), 3],
])('a start gives its place to another one where %s', async (_, error, left) => {
  const { start, end, tenants } = scene();
  await start('a', 60);
  for (let ended = 0; ended < 10; ended += 1) await end(1, 1, error);
  expect(tenants()).toBe('a'.repeat(left));
});
