import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ActivityCancellationDetails, CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createActivities } from '../../../activities/activities.ts';
import { ACTIONS } from '../../../activities/catalog.ts';
import { createEgress } from '../../../egress/egress.ts';
import { Permits } from '../../../model/permits.ts';
import { createGate } from '../../integration/support/gate.ts';
import { createAttempt } from '../activity.ts';

/** The operations that were asked, of a system that answers the beginning of a deployment only once it may. */
const asked: string[] = [];
let created = createGate();
let answering = createGate();
const ANSWERS: Record<string, object> = {
  ListDeployments: { deployments: [] },
  CreateDeployment: { deploymentId: 'd-1' },
  GetDeployment: { deploymentInfo: { status: 'Created' } },
  StopDeployment: { status: 'Pending' },
};
const server = createServer(async (request, response) => {
  const operation = String(request.headers['x-amz-target']).split('.')[1]!;
  asked.push(operation);
  request.resume();
  if (operation === 'CreateDeployment') {
    created.open();
    await answering.opened;
  }
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(ANSWERS[operation]));
});
const egress = createEgress({ allowed: ['loopback'] });
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await egress.close();
});

it.each([
  ['is stopped when its task is cancelled', { cancelRequested: true }, true],
  ['goes on when its worker ends, and is found by the next attempt', { workerShutdown: true }, false],
] as const)('a deployment that is just being begun %s', async (_, details, isStopped) => {
  asked.length = 0;
  [created, answering] = [createGate(), createGate()];
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = {
    settings: { region: 'eu-central-1', endpoint },
    secrets: { access_key_id: 'a', secret_access_key: 'b' },
  };
  const activities = createActivities(
    ACTIONS,
    { egress, connect: async () => connection, secretOf: async () => null, isAuthentic: async () => true },
    new Permits(10),
  );
  const attempt = createAttempt({ activityType: 'aws.deploy', startToCloseTimeoutMs: 40_000 });
  const input = { application: 'shop', deployment_group: 'web' };
  const running = attempt.run(...([activities.default!, input, { tenant: 'default' }] as const));
  const ended = expect(running).rejects.toBeInstanceOf(CancelledFailure);
  await created.opened;
  attempt.cancel(undefined, new ActivityCancellationDetails(details));
  await ended;
  answering.open();
  if (isStopped) await expect.poll(() => asked).toContain('StopDeployment');
  // A request to stop it would come before the answers to these.
  else for (let n = 0; n < 50; n += 1) await fetch(endpoint, { headers: { 'x-amz-target': 'any.GetDeployment' } });
  expect(asked.filter((operation) => operation !== 'GetDeployment')).toEqual([
    ...['ListDeployments', 'CreateDeployment'],
    ...(isStopped ? ['StopDeployment'] : []),
  ]);
});
