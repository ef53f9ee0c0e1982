import { spawn } from 'node:child_process';

/**
 * Ends the process `$0` once standard input has ended, gently and after ten seconds by force: the other end of it is held by
 * whoever has started both, however that ends.
 */
const SCRIPT = `
read -r _
kill -TERM "$0" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$0" 2>/dev/null || exit 0; done
kill -KILL "$0" 2>/dev/null
`;

/**
 * Has a process end with this one, even when this one is killed, on systems that have a shell. Gives what calls that off: to be
 * called as soon as the process has ended, since another one may get its number.
 */
export function endWithParent(pid: number): () => void {
  const watch = spawn('/bin/sh', ['-c', SCRIPT, String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // In a separate group, so that Ctrl-C on the terminal reaches this process alone.
    detached: true,
  });
  // Without a shell the next start ends what is left.
  watch.on('error', () => undefined);
  watch.unref();
  (watch.stdin as unknown as { unref(): void }).unref();
  return () => watch.kill('SIGKILL');
}
