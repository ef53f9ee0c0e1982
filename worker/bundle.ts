import { readFile, rename, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleOptions, bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { CONVERTERS, type Converters, SEALED_CONVERTERS } from '../temporal/codec/codec.ts';

/** Modules that keep no state of any run: they are loaded once for all runs, which saves each run their time and memory. */
const PURE = [
  '../workflows/stacks',
  '../interpreter/interpreter',
  '../interpreter/identity',
  '../interpreter/waits',
  '../model/run-payload',
];

/** `.ts` where a loader reads the sources, `.js` in a build. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Bundles the generic workflow for the sandbox, which takes seconds. A build keeps the bundle next to its files, if it may write there, so
 * that only the first process of all bundles.
 */
export async function bundleWorkflows(converters: Converters = CONVERTERS): Promise<WorkflowBundle> {
  if (EXTENSION !== '.js') return bundle(converters);
  const path = pathOf(`../${converters === SEALED_CONVERTERS ? 'sealed-bundle' : 'bundle'}.cjs`);
  const kept = await readFile(path, 'utf8').catch(() => null);
  if (kept !== null) return { code: kept };
  const made = await bundle(converters);
  await keep(path, made.code).catch(() => undefined);
  return made;
}

/** Writes a file so that readers find it as a whole or not at all. */
async function keep(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, text);
  await rename(draft, path);
}

function bundle({ payloadConverterPath, failureConverterPath }: Converters): Promise<WorkflowBundle> {
  const quiet = () => undefined;
  return bundleWorkflowCode({
    workflowsPath: pathOf(`../workflows/index${EXTENSION}`),
    webpackConfigHook: forThisNode,
    preloadModules: PURE.map((name) => pathOf(name + EXTENSION)),
    payloadConverterPath,
    failureConverterPath,
    // Webpack logs its list of assets at level info; only warnings and errors are shown.
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
  });
}

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

/** Compiles for the running version of Node.js: the SDK's own target is of 2017, and its output costs time in every step. */
function forThisNode(config: WebpackConfig): WebpackConfig {
  for (const rule of config.module?.rules ?? []) {
    const use = (rule as { use?: { options?: { jsc?: { target?: string } } } }).use;
    if (use?.options?.jsc !== undefined) use.options.jsc.target = 'es2022';
  }
  return config;
}
