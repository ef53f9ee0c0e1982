import type { CodeDeployClient, DeploymentInfo, DeploymentStatus, RevisionLocation } from '@aws-sdk/client-codedeploy';
import type { z } from 'zod';
import { DeployInputSchema } from '../../model/builtin-actions.ts';
import type { Json } from '../../model/json.ts';
import { ActionError, type ConnectedAction, Later } from '../action.ts';
import { awsFailure, clientSettings } from './client.ts';

type Input = z.infer<typeof DeployInputSchema>;

/** The states of deployments that were started and have not failed. */
const ALIVE: DeploymentStatus[] = ['Created', 'Queued', 'InProgress', 'Baking', 'Ready', 'Succeeded'];

/** The maximum number of deployments in one response of AWS. */
const MOST = 25;

/**
 * `aws.deploy` (CodeDeploy): returns `{ deployment_id, status }`. The description of the deployment contains a mark of
 * its task, by which another attempt or worker finds it instead of starting another one. A deployment that fails or is
 * stopped is `deployment_failed` with CodeDeploy's code; errors of AWS are `aws_error`. The deployment is stopped when
 * its task is cancelled.
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
    // Whoever is cancelled meanwhile stops it first.
    const first = signal.aborted ? {} : await tell(id);
    if (!input.wait) return { deployment_id: id, status: first.status ?? 'Created' };
    const look = async () => {
      const told = await tell(id).catch((error: unknown) => {
        // An error of AWS does not end the deployment.
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

/** Returns the deployment that this task has already started. */
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

/** Begins a deployment. A request that is under way is never given up: nobody would know what to stop. */
async function begin(client: CodeDeployClient, sdk: Sdk, input: Input, mark: string, signal: AbortSignal) {
  signal.throwIfAborted();
  const { application, deployment_group, revision, description } = input;
  const command = new sdk.CreateDeploymentCommand({
    applicationName: application,
    deploymentGroupName: deployment_group,
    description: description === undefined ? mark : `${description} (${mark})`,
    // AWS validates it.
    ...(revision === undefined ? {} : { revision: revision as unknown as RevisionLocation }),
  });
  const { deploymentId } = await client.send(command);
  if (deploymentId !== undefined) return deploymentId;
  throw new ActionError('aws_error', 'AWS: no deployment was created', { code: 'NO_DEPLOYMENT' });
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
