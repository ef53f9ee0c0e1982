import type { CodeDeployClient, DeploymentInfo, DeploymentStatus, RevisionLocation } from '@aws-sdk/client-codedeploy';
import type { z } from 'zod';
import { DeployInputSchema } from '../../model/builtin-actions.ts';
import type { Json } from '../../model/json.ts';
import { ActionError, type ConnectedAction, Later } from '../action.ts';
import { awsFailure, clientSettings } from './client.ts';

type Input = z.infer<typeof DeployInputSchema>;

/** Of deployments that were begun and have not failed. */
const ALIVE: DeploymentStatus[] = ['Created', 'Queued', 'InProgress', 'Baking', 'Ready', 'Succeeded'];

/** Deployments that AWS tells about in one answer, at most. */
const MOST = 25;

/**
 * `aws.deploy` (CodeDeploy): `{ deployment_id, status }`. The deployment carries the mark of its task in its description, by
 * which another attempt, or another worker, finds it again instead of beginning another. A deployment that fails or is stopped
 * is `deployment_failed`, with CodeDeploy's own code; what AWS refuses is `aws_error`. It is stopped when its task is.
 */
export const deploy: ConnectedAction<'aws', Input> = {
  pack: 'aws',
  input: DeployInputSchema,
  async run(input, connection, context) {
    const sdk = await import('@aws-sdk/client-codedeploy');
    const { signal } = context;
    const mark = `fermata:${context.token.slice(0, 32)}`;
    const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
      try {
        return await ask();
      } catch (error) {
        throw awsFailure('aws_error', error, signal);
      }
    };
    const client = new sdk.CodeDeployClient(await asked(() => clientSettings(connection, context)));
    const tell = async (id: string): Promise<DeploymentInfo> => {
      const { deploymentInfo } = await asked(() => client.send(new sdk.GetDeploymentCommand({ deploymentId: id })));
      return deploymentInfo ?? {};
    };
    const id =
      (await asked(() => find(client, sdk, input, mark, signal))) ??
      (await asked(() => begin(client, sdk, input, mark, signal)));
    const first = await tell(id);
    if (!input.wait) return { deployment_id: id, status: first.status ?? 'Created' };
    const look = async () => {
      const told = await tell(id).catch((error: unknown) => {
        // That AWS could not say is no end of the deployment.
        if (error instanceof ActionError && error.retryable) return {};
        throw error;
      });
      return outputOf(id, told);
    };
    return new Later(look, async () => {
      await asked(() => client.send(new sdk.StopDeploymentCommand({ deploymentId: id })));
    });
  },
};

type Sdk = typeof import('@aws-sdk/client-codedeploy');

/** The deployment that this task has begun before. */
async function find(client: CodeDeployClient, sdk: Sdk, input: Input, mark: string, abortSignal: AbortSignal) {
  const group = { applicationName: input.application, deploymentGroupName: input.deployment_group };
  const listed = await client.send(new sdk.ListDeploymentsCommand({ ...group, includeOnlyStatuses: ALIVE }), {
    abortSignal,
  });
  const deploymentIds = (listed.deployments ?? []).slice(0, MOST);
  if (deploymentIds.length === 0) return undefined;
  const { deploymentsInfo = [] } = await client.send(new sdk.BatchGetDeploymentsCommand({ deploymentIds }), {
    abortSignal,
  });
  return deploymentsInfo.find(({ description }) => description?.includes(mark))?.deploymentId;
}

async function begin(client: CodeDeployClient, sdk: Sdk, input: Input, mark: string, abortSignal: AbortSignal) {
  const { application, deployment_group, revision, description } = input;
  const command = new sdk.CreateDeploymentCommand({
    applicationName: application,
    deploymentGroupName: deployment_group,
    description: description === undefined ? mark : `${description} (${mark})`,
    // AWS checks it.
    ...(revision === undefined ? {} : { revision: revision as unknown as RevisionLocation }),
  });
  const { deploymentId } = await client.send(command, { abortSignal });
  if (deploymentId !== undefined) return deploymentId;
  throw new ActionError('aws_error', 'AWS: no deployment was begun', { code: 'NO_DEPLOYMENT' });
}

function outputOf(id: string, { status, errorInformation }: DeploymentInfo): Json | undefined {
  if (status === 'Succeeded') return { deployment_id: id, status };
  if (status !== 'Failed' && status !== 'Stopped') return undefined;
  const why = errorInformation?.message ?? `it is ${status.toLowerCase()}`;
  throw new ActionError('deployment_failed', `the deployment ${id} has not succeeded: ${why}`, {
    code: errorInformation?.code ?? status.toUpperCase(),
    details: { deployment_id: id, status },
  });
}
