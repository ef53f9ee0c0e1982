import { readdir, readFile, readlink } from 'node:fs/promises';

/** The state of a listening socket in the kernel's tables. */
const LISTENS = '0A';

/**
 * Returns the TCP ports on which a process of this machine listens, in ascending order. Empty on systems without
 * `/proc`, and for processes that have ended or belong to another user.
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
