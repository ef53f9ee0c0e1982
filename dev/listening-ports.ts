import { readdir, readFile, readlink } from 'node:fs/promises';

/** State of a socket that listens, in the kernel's tables. */
const LISTENS = '0A';

/**
 * Finds the TCP ports that a process of this machine listens on, in ascending order; none where the system has no `/proc`, and none of a
 * process that is gone or somebody else's.
 */
export async function listeningPorts(pid: number): Promise<number[]> {
  const folder = `/proc/${pid}/fd`;
  const files = await readdir(folder).catch(() => []);
  const links = await Promise.all(files.map((file) => readlink(`${folder}/${file}`).catch(() => '')));
  const sockets = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  );
  const ports = tables.flatMap((table) =>
    table.split('\n').flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state !== LISTENS || !sockets.has(inode ?? '')) return [];
      return [Number.parseInt(local!.split(':')[1]!, 16)];
    }),
  );
  return [...new Set(ports)].sort((a, b) => a - b);
}
