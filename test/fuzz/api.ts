import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createDevFolder, run } from '../system/processes.ts';

const VERSION = '4.32.5';
const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';

/** The program, in its virtual environment, which is created at the first run. */
function schemathesis(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'fermata', `schemathesis-${VERSION}`);
  const program = join(cache, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  console.log(`Installing schemathesis ${VERSION} with pip …`);
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', cache],
    [join(cache, 'bin', 'pip'), 'install', '--quiet', `schemathesis==${VERSION}`],
  ]) {
    const { status } = spawnSync(command!, args, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
  }
  return program;
}

/**
 * Has schemathesis (from PyPI) try the whole API as its openapi.json describes it: nothing may answer 500, nor with a status or a body
 * that openapi.json does not have. False when something does. `seed`: null for a random one, which it prints.
 */
export async function fuzzApi(examples: number, seed: number | null): Promise<boolean> {
  const program = schemathesis();
  const dev = await createDevFolder();
  const fermata = run('dev/main.ts', { ...dev.env, FERMATA_RATE_LIMIT: '0', FERMATA_LOG_LEVEL: 'error' });
  try {
    await fermata.until('Ctrl-C stops everything');
    const { url, api_key } = await dev.devFile();
    const { status } = spawnSync(
      program,
      [
        ...['run', `${url}/openapi.json`, '-H', `x-api-key: ${api_key}`, '--checks', CHECKS],
        ...['--max-examples', String(examples)],
        // A stream never ends, so it is not an example of an answer; a request that revokes keys may revoke the one in use.
        ...['--exclude-path-regex', '/(events|stream)$', '--exclude-path', '/api/v1/keys/{id}'],
        '--request-timeout=30',
        ...(seed === null ? [] : ['--seed', String(seed)]),
      ],
      { stdio: 'inherit' },
    );
    return status === 0;
  } finally {
    await fermata.end('SIGINT');
    const faults = fermata
      .said()
      .split('\n')
      .filter((line) => /ERROR|"level":50/.test(line));
    for (const line of faults.slice(0, 20)) console.log(line);
    await dev.remove();
  }
}
