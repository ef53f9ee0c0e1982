import { z } from '@hono/zod-openapi';
import { RuleTestSchema, UnsavedRuleTestSchema } from '../../model/rules/rule-test.ts';
import type { RuleTestService } from '../../service/rules/rule-tests.ts';
import { errorResponses } from '../http/errors.ts';
import { createRouter } from '../http/router.ts';
import { createApiRoute, jsonData, jsonOrYaml } from '../http/routes.ts';
import { RecentTestResultSchema, RuleTestResultSchema } from './bodies.ts';

// Tests of rules on events.

const TestResultSchema = z.union([RuleTestResultSchema, RecentTestResultSchema]);
const tags = ['rules'];
const base = '/api/v1/rules';

const testStoredRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/{ref}/test`,
  tags,
  summary: 'Test a rule on an event',
  description:
    'Explains the condition, and says what would be started. Starts nothing and writes nothing. Recorded events need `execution:read`, too.',
  request: {
    params: z.object({ ref: z.string().max(200) }),
    body: { required: true, content: jsonOrYaml(RuleTestSchema) },
  },
  responses: {
    200: jsonData(TestResultSchema, 'What the rule does with the event, or with each of the newest events.'),
    ...errorResponses(
      'json_malformed',
      'yaml_malformed',
      'rule_not_found',
      'event_not_found',
      'event_erased',
      'permission_missing',
    ),
  },
});
const testUnsavedRoute = createApiRoute({
  permission: 'workflow:read',
  method: 'post',
  path: `${base}/test`,
  tags,
  summary: 'Test a rule that need not be stored on an event',
  description:
    'Explains the condition, and says what would be started. Starts nothing and writes nothing. Recorded events need `execution:read`, too.',
  request: { body: { required: true, content: jsonOrYaml(UnsavedRuleTestSchema) } },
  responses: {
    200: jsonData(TestResultSchema, 'What the rule does with the event, or with each of the newest events.'),
    ...errorResponses(
      'json_malformed',
      'yaml_malformed',
      'rule_invalid',
      'event_not_found',
      'event_erased',
      'permission_missing',
    ),
  },
});

/** Registers the routes for tests of rules. */
export function ruleTestRoutes(tests: RuleTestService) {
  const router = createRouter();

  router.openapi(testStoredRoute, async (context) => {
    const { ref } = context.req.valid('param');
    const data = await tests.testStored(context.get('principal'), ref, context.req.valid('json'));
    return context.json({ data: testBody(data) }, 200);
  });

  router.openapi(testUnsavedRoute, async (context) => {
    const { rule, ...events } = context.req.valid('json');
    const data = await tests.testUnsaved(context.get('principal'), rule, events);
    return context.json({ data: testBody(data) }, 200);
  });

  return router;
}

function testBody(test: Awaited<ReturnType<RuleTestService['testStored']>>): z.infer<typeof TestResultSchema> {
  // The parts of a condition have the same shape as the condition, which a schema cannot say.
  return test as z.infer<typeof TestResultSchema>;
}
