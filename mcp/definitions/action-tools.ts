import { z } from 'zod';
import type { ToolServices } from '../services.ts';
import type { Tool } from '../tool.ts';

const AnyObject = z.record(z.string(), z.any());

const SUMMARY = { ref: z.string(), label: z.string(), description: z.string().nullable(), builtIn: z.boolean() };
const ListInput = z.strictObject({
  packRef: z.string().max(64).optional().describe('The first part of a ref, such as `core`, `database` or `slack`.'),
  page: z.int().min(1).max(1_000_000).default(1),
  perPage: z.int().min(1).max(100).default(100),
});
const ListSchema = z.object({ data: z.array(z.object(SUMMARY)), total: z.number() });
const GetInput = z.strictObject({ ref: z.string().max(200) });
const ActionSchema = z.object({
  ...SUMMARY,
  paramSchema: AnyObject.nullable().describe('JSON Schema of the input of a task.'),
  outSchema: AnyObject.nullable().describe('JSON Schema of its output.'),
});

/** Creates the tools for actions. */
export function actionTools({ actions }: Pick<ToolServices, 'actions'>) {
  const list: Tool<typeof ListInput, typeof ListSchema> = {
    name: 'list_actions',
    description: 'List the actions that tasks can run, built-in ones first.',
    permission: 'workflow:read',
    effect: 'reads',
    input: ListInput,
    output: ListSchema,
    async run(principal, { packRef, page, perPage }) {
      const window = { offset: (page - 1) * perPage, limit: perPage };
      const { rows, total } = await actions.list(principal, { packRef }, window);
      return { data: rows.map(summaryOf), total };
    },
  };

  const get: Tool<typeof GetInput, typeof ActionSchema> = {
    name: 'get_action',
    description: 'Get an action with the schemas of its input and output.',
    permission: 'workflow:read',
    effect: 'reads',
    input: GetInput,
    output: ActionSchema,
    async run(principal, { ref }) {
      const action = await actions.get(principal, ref);
      return { ...summaryOf(action), paramSchema: action.paramSchema, outSchema: action.outSchema };
    },
  };

  return [list, get] as const;
}

type Action = Awaited<ReturnType<ToolServices['actions']['get']>>;

function summaryOf(action: Action) {
  const { ref, label, description } = action;
  return { ref, label, description, builtIn: !('id' in action) };
}
