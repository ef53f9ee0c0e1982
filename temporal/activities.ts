import proto from '@temporalio/proto';
import { HOLDER, type HoldStep, STRETCHED_SECONDS } from '../projection/tasks/holds.ts';

type WorkflowService = proto.temporal.api.workflowservice.v1.WorkflowService;

/** An activity of the newest run of a workflow id. */
export interface ActivityPlace {
  namespace: string;
  workflowId: string;
  activityId: string;
}

/** Changes a pending activity. Rejects with what the server answers: NOT_FOUND when it has ended. */
export function changeActivity(
  service: WorkflowService,
  { namespace, workflowId, activityId }: ActivityPlace,
  step: HoldStep,
): Promise<unknown> {
  const place = { namespace, execution: { workflowId }, id: activityId, identity: HOLDER };
  switch (step) {
    case 'pause':
      return service.pauseActivity({ ...place, reason: 'the run is paused' });
    case 'unpause':
      return service.unpauseActivity(place);
    case 'stretch': {
      const interval = proto.google.protobuf.Duration.fromObject({ seconds: STRETCHED_SECONDS });
      return service.updateActivityOptions({
        ...place,
        activityOptions: { retryPolicy: { initialInterval: interval, maximumInterval: interval } },
        updateMask: { paths: ['retry_policy.initial_interval', 'retry_policy.maximum_interval'] },
      });
    }
    case 'restore':
      return service.updateActivityOptions({ ...place, restoreOriginal: true });
  }
}
