import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, it } from 'vitest';
import { listeningPorts } from '../../dev/listening-ports.ts';

const listen = (host: string) =>
  new Promise<Server>((resolve) => {
    const server = createServer().listen(0, host, () => resolve(server));
  });
const portOf = (server: Server) => (server.address() as AddressInfo).port;

it.runIf(process.platform === 'linux')('the ports that a process listens on are found, and no others', async () => {
  const servers = [await listen('127.0.0.1'), await listen('0.0.0.0')];
  const ports = servers.map(portOf);
  expect(await listeningPorts(process.pid)).toEqual(expect.arrayContaining(ports));
  for (const server of servers) await new Promise((done) => server.close(done));
  const after = await listeningPorts(process.pid);
  expect(ports.filter((port) => after.includes(port))).toEqual([]);
});

it('a process that is not there listens on nothing', async () => {
  expect(await listeningPorts(2 ** 30)).toEqual([]);
});
