import { spawn } from 'node:child_process';

/**
 * A script that ends the process `$0` when standard input closes, first gently and after ten seconds by force. The
 * parent of both holds the other end of standard input.
 */
const SCRIPT = `
read -r _
kill -TERM "$0" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$0" 2>/dev/null || exit 0; done
kill -KILL "$0" 2>/dev/null
`;

/**
 * Makes a process end with this one, even if this one is killed, on systems with a shell. Returns a function that
 * cancels this; call it as soon as the process has ended, since its id may be reused.
 */
export function endWithParent(pid: number): () => void {
  const watch = spawn('/bin/sh', ['-c', SCRIPT, String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // In a separate process group, so that Ctrl-C only reaches this process.
    detached: true,
  });
  // Without a shell, the next start stops leftover processes.
  watch.on('error', () => undefined);
  watch.unref();
  (watch.stdin as unknown as { unref(): void }).unref();
  return () => watch.kill('SIGKILL');
}
