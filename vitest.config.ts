import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The order of the tiers that run together: those whose files wait for most of their time come first, and a worker changes tiers once. */
const TIERS = ['system', 'integration'];

/**
 * Files that take longest, in each tier: begun last, one of them would run alone at the end. Those that wait stand next to those that
 * compute.
 */
const LONG = [
  'console/bundle',
  'api/trailing-slashes',
  'console/debugger/recorded-stops',
  'store/execution-pages',
  'store/execution-counts',
  'service/projections/large-runs',
  'api/http/body-parser',
  'system/poison-run',
  'system/start',
  'system/chaos',
  'integration/executions/first-answers',
  'integration/events/crashes',
  'integration/console/console',
  'integration/access/permissions',
  'integration/definitions/examples',
  'integration/index/reconciler',
  'integration/interpreter/rehearsals',
  'integration/interpreter/random-runs',
  'integration/resilience/hostile-work',
  'integration/inquiries/inquiry-runs',
  'integration/inquiries/slack',
  'integration/executions/controls',
  'integration/inquiries/deciders',
  'integration/inquiries/inquiries',
  'integration/faces/parity',
  'integration/definitions/python-worker',
  'integration/definitions/texts',
  'integration/runs/turns',
  'integration/resilience/fairness',
  'integration/definitions/connections',
  'integration/resilience/lost-database',
  'integration/interpreter/replay',
  'integration/interpreter/scale',
  'integration/interpreter/slices',
].map((name) => `/test/${name}.test.ts`);

/** Begins with the files that take longest; the others follow as Vitest sorts them. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) => {
      const place = LONG.findIndex((path) => moduleId.endsWith(path));
      return TIERS.indexOf(project.name) * 100 + (place < 0 ? LONG.length : place);
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** Tests of one unit that take seconds: over a real database engine, or with inputs so large, or so many, that they take that long. */
const SLOW = [
  'test/store/**/*.test.ts',
  'test/activities/answers.test.ts',
  'test/activities/database/database.test.ts',
  'test/api/http/callers/addresses.test.ts',
  'test/api/http/body-parser.test.ts',
  'test/api/webhooks/*.test.ts',
  'test/composition/heap-growth.test.ts',
  'test/composition/slow-readers.test.ts',
  'test/console/debugger/late-libraries.test.ts',
  'test/console/debugger/recorded-stops.test.ts',
  'test/expression/budget.test.ts',
  'test/expression/hostile.test.ts',
  'test/expression/jinja-random.test.ts',
  'test/expression/work.test.ts',
  'test/fuzz/parts.test.ts',
  'test/interpreter/bounds.test.ts',
  'test/interpreter/ed25519.test.ts',
  'test/interpreter/properties.test.ts',
  'test/model/run-payload.test.ts',
  'test/projection/copies.test.ts',
  'test/projection/stream.test.ts',
  'test/service/background/write-queues.test.ts',
  'test/service/index/run-strikes.test.ts',
  'test/service/notices/outbox.test.ts',
  'test/service/projections/large-runs.test.ts',
  'test/service/projections/task-lists.test.ts',
  'test/service/statements/attacks.test.ts',
  'test/threads/pool.test.ts',
];

/** A busy machine has time also where a condition is asked for again and again, which is a second unless somebody says so. */
const PATIENT = { poll: { timeout: 120_000 } };

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // What a module is made into is kept in node_modules, for as long as neither it nor this configuration changes.
    experimental: { fsModuleCache: true },
    projects: [
      {
        test: {
          name: 'unit',
          expect: PATIENT,
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
          expect: PATIENT,
          include: SLOW,
          globalSetup: ['test/integration/support/prepared-engine.ts'],
          setupFiles: ['test/seed.ts'],
          // Files share nothing that they change.
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // They compute, and those of the next tiers wait.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          expect: PATIENT,
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/support/temporal-server.ts'],
          setupFiles: ['test/seed.ts', 'test/integration/support/quiet-runtime.ts'],
          // A new process for each file would load everything again; files share nothing that they change.
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Tests wait for timers, retries and restarts about a third of their time.
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'system',
          expect: PATIENT,
          include: ['test/system/**/*.test.ts'],
          globalSetup: ['test/system/build.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Each starts a whole installation, and waits for most of its time: the others work meanwhile.
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
