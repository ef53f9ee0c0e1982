import { z } from '@hono/zod-openapi';
import { completeMadeUpEvent, RuleTestSchema, UnsavedRuleTestSchema } from '../../model/rules/rule-test.ts';
import type { RuleTestService } from '../../service/rules/rule-tests.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, jsonData, jsonOrYaml } from '../http/routes.ts';
import { RuleTestResultSchema } from './bodies.ts';

// Tests of rules on events.

const tags = ['rules'];
const base = '/api/v1/rules';

const testStoredRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/{ref}/test`,
  tags,
  summary: 'Test a rule on an event',
  description: 'Explains the condition, and says what would be started. Starts nothing and writes nothing.',
  request: {
    params: z.object({ ref: z.string().max(200) }),
    body: { required: true, content: jsonOrYaml(RuleTestSchema) },
  },
  responses: {
    200: jsonData(RuleTestResultSchema, 'What the rule does with the event.'),
    ...errorResponses('json_malformed', 'yaml_malformed', 'rule_not_found'),
  },
});
const testUnsavedRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/test`,
  tags,
  summary: 'Test a rule that need not be stored on an event',
  description: 'Explains the condition, and says what would be started. Starts nothing and writes nothing.',
  request: { body: { required: true, content: jsonOrYaml(UnsavedRuleTestSchema) } },
  responses: {
    200: jsonData(RuleTestResultSchema, 'What the rule does with the event.'),
    ...errorResponses('json_malformed', 'yaml_malformed', 'rule_invalid'),
  },
});

/** Registers the routes for tests of rules. */
export function ruleTestRoutes(tests: RuleTestService, clock: () => number) {
  const router = createRouter();

  router.openapi(testStoredRoute, async (context) => {
    const principal = context.get('principal');
    const { event } = context.req.valid('json');
    const made = completeMadeUpEvent(event, principal.subject, new Date(clock()));
    const data = await tests.testStored(principal, context.req.valid('param').ref, made);
    return context.json({ data: testBody(data) }, 200);
  });

  router.openapi(testUnsavedRoute, async (context) => {
    const principal = context.get('principal');
    const { rule, event } = context.req.valid('json');
    const made = completeMadeUpEvent(event, principal.subject, new Date(clock()));
    const data = await tests.testUnsaved(principal, rule, made);
    return context.json({ data: testBody(data) }, 200);
  });

  return router;
}

function testBody(test: Awaited<ReturnType<RuleTestService['testStored']>>): z.infer<typeof RuleTestResultSchema> {
  // The parts of a condition have the same shape as the condition, which a schema cannot say.
  return test as z.infer<typeof RuleTestResultSchema>;
}
