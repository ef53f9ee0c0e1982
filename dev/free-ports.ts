import { createServer } from 'node:net';

/** A port that something will be served on, and the setting that names it. */
export interface WantedPort {
  setting: string;
  host: string;
  /** 0 takes a free one. */
  port: number;
}

/** Throws an Error that names all of the ports that are taken. */
export async function demandFreePorts(wanted: readonly WantedPort[]): Promise<void> {
  const free = await Promise.all(wanted.map(isFree));
  const taken = wanted.filter((_, index) => !free[index]);
  if (taken.length === 0) return;
  const names = taken.map(({ port, setting }) => `port ${port} (${setting})`).join(', ');
  const settings = taken.map(({ setting }) => `${setting}=0`).join(' ');
  throw new Error(`${names} ${taken.length === 1 ? 'is' : 'are'} taken; ${settings} takes what is free`);
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
