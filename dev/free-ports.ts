import { createServer } from 'node:net';

/** A port that will be served, and the setting for it. */
export interface WantedPort {
  setting: string;
  host: string;
  /** 0 picks a free port. */
  port: number;
}

/** Throws an Error that names all ports that are in use. */
export async function demandFreePorts(wanted: readonly WantedPort[]): Promise<void> {
  const free = await Promise.all(wanted.map(isFree));
  const taken = wanted.filter((_, index) => !free[index]);
  if (taken.length === 0) return;
  const names = taken.map(({ port, setting }) => `port ${port} (${setting})`).join(', ');
  const settings = taken.map(({ setting }) => `${setting}=0`).join(' ');
  throw new Error(`${names} ${taken.length === 1 ? 'is' : 'are'} in use; ${settings} picks a free one`);
}

function isFree({ host, port }: WantedPort): Promise<boolean> {
  if (port === 0) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
