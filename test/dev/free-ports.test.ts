import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../composition/ports.ts';
import { demandFreePorts } from '../../dev/free-ports.ts';

const host = '127.0.0.1';
let taken: Server[];
let ports: number[];
beforeAll(async () => {
  const listen = () =>
    new Promise<Server>((resolve) => {
      const server = createServer().listen(0, host, () => resolve(server));
    });
  taken = await Promise.all([listen(), listen()]);
  ports = taken.map((server) => (server.address() as { port: number }).port);
});
afterAll(() => {
  for (const server of taken) server.close();
});

it('names every port that is taken, at once, and how to go on', async () => {
  const [first, second] = ports as [number, number];
  const demand = (...wanted: number[]) =>
    demandFreePorts(wanted.map((port, index) => ({ setting: 'ABC'[index]!, host, port })));
  const free = await freePort();
  await demand(free, 0, 0);
  await expect(demand(free, first, 0)).rejects.toThrow(`port ${first} (B) is in use; B=0 picks a free one`);
  await expect(demand(first, 0, second)).rejects.toThrow(
    `port ${first} (A), port ${second} (C) are in use; A=0 C=0 picks a free one`,
  );
});
