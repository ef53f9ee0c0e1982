import { defineConfig } from 'vitest/config';

/** Tests of one unit over a real database engine, which takes seconds to start. */
const OVER_A_DATABASE = [
  'test/store/**/*.test.ts',
  'test/activities/database/database.test.ts',
  'test/service/notices/outbox.test.ts',
  'test/service/index/run-strikes.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/system/**', ...OVER_A_DATABASE],
          setupFiles: ['test/seed.ts'],
          // Files share nothing that they change.
          isolate: false,
          // A busy machine has time: what is asserted is never how long it took.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'database',
          include: OVER_A_DATABASE,
          // Files share nothing that they change.
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/support/temporal-server.ts'],
          setupFiles: ['test/seed.ts', 'test/integration/support/quiet-runtime.ts'],
          // A new process for each file would load everything again; files share nothing that they change.
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Each starts a whole installation, which keeps two cores busy.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
