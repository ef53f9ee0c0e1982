import { spawn } from 'node:child_process';

/** The programs that open a URL, by platform. */
const OPENERS: Partial<Record<NodeJS.Platform, [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['explorer'],
};

/** Opens a URL in the browser of whoever calls; does nothing where there is none. */
export function openInBrowser(url: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  // Whoever has no browser here has read the address.
  opener.on('error', () => {});
  opener.unref();
}
