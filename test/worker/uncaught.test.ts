import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

/** Ends with the results of two attempts, and of an error that belongs to no attempt. */
const PROCESS = `
  import { connect, createServer } from 'node:net';
  import { attempted } from '${import.meta.dirname}/../../activities/attempt.ts';
  import { handleUncaught } from '${import.meta.dirname}/../../worker/uncaught.ts';
  handleUncaught({ error: (fields, message) => console.log(fields.origin, message) });
  const server = createServer((socket) => socket.write('x')).listen(0, '127.0.0.1', async () => {
    const throwing = () => new Promise(() => {
      connect(server.address().port, '127.0.0.1').on('data', () => { throw new Error('of a socket'); });
    });
    const rejecting = () => new Promise(() => { Promise.reject(new Error('of a promise')); });
    const fine = attempted(() => new Promise((done) => setTimeout(done, 300, 'done')));
    for (const work of [throwing, rejecting]) await attempted(work).catch((error) => console.log(error.message));
    console.log(await fine);
    setImmediate(() => { throw new Error('of nobody'); });
  });
`;

it('an uncaught error fails the attempt that has caused it, and ends the process when none has', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROCESS]);
  let out = '';
  let errors = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const [code] = await once(child, 'close');
  expect(out.split('\n')).toEqual([
    ...['uncaughtException an action threw outside of its promise', 'of a socket'],
    ...['unhandledRejection an action threw outside of its promise', 'of a promise'],
    ...['done', ''],
  ]);
  expect([code, errors]).toEqual([1, expect.stringContaining("message: 'of nobody'")]);
});
