import { executionControlRoutes } from '../../api/executions/controls.ts';
import type { Router } from '../../api/http/router.ts';
import type { Loop } from '../../service/background/loops.ts';
import { createAttemptHolds } from '../../service/controls/attempt-holds.ts';
import { createAttemptSkips } from '../../service/controls/attempt-skips.ts';
import { createChildPauses } from '../../service/controls/child-pauses.ts';
import { type ControlService, createControlService } from '../../service/controls/controls.ts';
import type { ExecutionService } from '../../service/executions/executions.ts';
import type { RetryService } from '../../service/executions/retries.ts';
import type { DescribedListener } from '../../service/index/reconciler.ts';
import type { InquiryService } from '../../service/inquiries/inquiries.ts';
import type { Foundation } from './foundation.ts';

/** The service of controls, the listener that passes on pauses, and the loop that holds attempts back. */
export interface ComposedControls {
  controls: ControlService;
  /** Called with each open run that the reconciler has described. */
  followPause: DescribedListener;
  loops: Loop[];
}

/** Composes the service that pauses, resumes and skips. */
export function composeControls(
  { temporal, projections, signer, log, clock }: Foundation,
  executions: ExecutionService,
  inquiries: InquiryService,
): ComposedControls {
  const holds = createAttemptHolds({ temporal, projections, log, clock });
  const children = createChildPauses({ temporal, projections, signer, holds, log, clock });
  const attempts = createAttemptSkips(temporal);
  const controls = createControlService({
    temporal,
    projections,
    executions,
    inquiries,
    signer,
    holds,
    children,
    attempts,
    clock,
    log,
  });
  return {
    controls,
    followPause: async ({ workflowId, status, above }, described) => {
      await holds.take(workflowId, status, described);
      await children.take(workflowId, status, above);
    },
    loops: [holds],
  };
}

/** Creates the routes of the service. */
export function controlRoutes(services: { controls: ControlService; retries: RetryService }): Router[] {
  return [executionControlRoutes(services)];
}
