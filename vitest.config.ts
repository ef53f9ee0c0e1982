import { defineConfig } from 'vitest/config';

/** Tests of one unit that take seconds: over a real database engine, or with inputs so large, or so many, that they take that long. */
const SLOW = [
  'test/store/**/*.test.ts',
  'test/activities/database/database.test.ts',
  'test/api/http/body-parser.test.ts',
  'test/expression/budget.test.ts',
  'test/expression/hostile.test.ts',
  'test/expression/jinja-random.test.ts',
  'test/expression/work.test.ts',
  'test/fuzz/parts.test.ts',
  'test/projection/stream.test.ts',
  'test/service/index/run-strikes.test.ts',
  'test/service/notices/outbox.test.ts',
  'test/service/statements/attacks.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/system/**', ...SLOW],
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
          name: 'slow',
          include: SLOW,
          setupFiles: ['test/seed.ts'],
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
          // Each starts a whole installation, and waits for most of its time.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
