// Runs commands of the command line one after the other, each as a process would: with its own arguments, settings, standard
// input, output and exit code. What a start costs, which is most of what a command costs, is paid once.
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const [main] = process.argv.slice(2);
const own = { ...process.env };
let commands = 0;

process.on('message', async ({ args, env, input, folder }) => {
  if (folder !== undefined) process.chdir(folder);
  commands += 1;
  process.argv = [process.execPath, main, ...args];
  for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
  Object.assign(process.env, own, env);
  process.exitCode = 0;
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    process[name].write = (chunk, ...rest) => {
      said[name] += chunk;
      rest.find((each) => typeof each === 'function')?.();
      return true;
    };
  }
  process.stdout.removeAllListeners('error');
  Object.defineProperty(process, 'stdin', {
    configurable: true,
    value: Readable.from(input === undefined ? [] : [Buffer.from(input)]),
  });
  try {
    await import(`${pathToFileURL(main)}?command=${commands}`);
  } catch (error) {
    said.stderr += error.stack;
    process.exitCode = 1;
  }
  process.send({ code: process.exitCode, out: said.stdout, err: said.stderr });
});
process.send('ready');
