import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The programs that open a URL, by platform. */
const OPENERS: Partial<Record<NodeJS.Platform, [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['explorer'],
};

/** Milliseconds for which a browser may take the page that leads to a secret address. */
const PATIENCE = 60_000;

/** The programs of Snap, whose browsers see another folder for temporary files; they read files of their user that are not hidden. */
const SNAPS = '/snap/bin';

/** Makes a folder that a browser can read; nobody but its owner sees what it holds. */
function makeFolder(): string {
  if (existsSync(SNAPS)) {
    try {
      return mkdtempSync(join(homedir(), 'fermata-'));
    } catch {
      // There may be no home that can be written to.
    }
  }
  return mkdtempSync(join(tmpdir(), 'fermata-'));
}

/** Opens a URL in the browser of whoever calls; does nothing where there is none. */
export function openInBrowser(url: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  // Whoever has no browser here has read the address.
  opener.on('error', () => {});
  opener.unref();
}

/**
 * Opens an address that is a secret: every user of a machine sees the arguments of a program, so that the browser is given a file which leads
 * to the address and which its owner alone can read. The file is deleted after a minute, or when the process ends.
 */
export function openPrivatelyInBrowser(url: string): void {
  const folder = makeFolder();
  const file = join(folder, 'open.html');
  const address = url.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${address}"><a href="${address}">Open</a>`;
  writeFileSync(file, page, { mode: 0o600 });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  setTimeout(remove, PATIENCE).unref();
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      remove();
      process.kill(process.pid, signal);
    });
  }
  openInBrowser(pathToFileURL(file).href);
}
