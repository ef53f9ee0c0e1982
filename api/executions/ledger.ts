import { z } from '@hono/zod-openapi';
import { JsonValueSchema } from '../../model/json-value.ts';
import { LEDGER_TYPE } from '../../model/ledger.ts';
import type { LedgerService } from '../../service/statements/ledger.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, ExecutionIdSchema } from '../http/routes.ts';

const LedgerSchema = z
  .looseObject({
    fermata_decisions: z.literal(1),
    execution: z.looseObject({ id: z.int(), uuid: z.string(), tenant: z.string(), chain: z.string() }),
    questions: z.array(z.record(z.string(), JsonValueSchema)),
    statements: z.array(z.record(z.string(), JsonValueSchema)),
    children: z.array(JsonValueSchema).describe('The same data for each sub-workflow.'),
  })
  .openapi('DecisionsExport');

const exportRoute = createApiRoute({
  permission: 'execution:read',
  method: 'get',
  path: '/api/v1/executions/{id}/decisions/export',
  tags: ['inquiries'],
  summary: 'Export the decisions of an execution for offline verification (fermata verify)',
  request: { params: z.object({ id: ExecutionIdSchema }) },
  responses: {
    200: { description: 'Inquiries and signed decisions.', content: { [LEDGER_TYPE]: { schema: LedgerSchema } } },
    ...errorResponses('execution_not_found', 'history_unusable', 'work_exceeded'),
  },
});

/** Registers the route for exported decisions. */
export function ledgerRoutes(ledger: LedgerService) {
  const router = createRouter();
  router.openapi(exportRoute, async (context) => {
    const found = await ledger.export(context.get('principal'), context.req.valid('param').id);
    return context.json(LedgerSchema.parse(found), 200, { 'content-type': LEDGER_TYPE });
  });
  return router;
}
