import { readFile, rename, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BundleOptions, bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { CONVERTERS, type Converters, SEALED_CONVERTERS } from '../temporal/codec/codec.ts';

/** What is the same for every run, and keeps nothing of any: loaded once for all, it costs no run its time and memory. */
const PURE = ['../workflows/stacks', '../interpreter/interpreter', '../interpreter/identity', '../interpreter/waits'];

/** `.ts` where a loader reads the sources, `.js` in what is built. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Bundles the generic workflow for the sandbox, which takes seconds. What is built keeps the bundle next to it, where it may be
 * written, so that only the first process of all makes it.
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

/** Writes a file that is there as a whole or not at all. */
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
    // Webpack prints its list of assets at info; only what is wrong is worth a line.
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
  });
}

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];

/** Leaves the language as Node.js knows it: the SDK's own target is of 2017, and what it writes instead costs time in every step. */
function forThisNode(config: WebpackConfig): WebpackConfig {
  for (const rule of config.module?.rules ?? []) {
    const use = (rule as { use?: { options?: { jsc?: { target?: string } } } }).use;
    if (use?.options?.jsc !== undefined) use.options.jsc.target = 'es2022';
  }
  return config;
}
