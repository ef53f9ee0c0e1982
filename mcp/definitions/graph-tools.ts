import { z } from 'zod';
import { AppError } from '../../model/app-error.ts';
import { DefinitionAloneSchema } from '../../model/definition-requests.ts';
import type { Drawable } from '../../service/graphs/graphs.ts';
import { executionIdInput } from '../execution-data.ts';
import type { ToolServices } from '../services.ts';
import type { Tool } from '../tool.ts';

const PictureSchema = z.object({
  title: z.string(),
  mimeType: z.literal('image/svg+xml'),
  svg: z.string().describe('An SVG file, light or dark as the reader prefers, without scripts.'),
});
const WorkflowInput = z.strictObject({
  ref: z.string().max(200).optional().describe('The ref of a stored workflow; alternatively, pass a definition.'),
  definition: DefinitionAloneSchema.shape.definition.optional(),
  version: z.string().max(64).optional(),
  revision: z.int().min(1).optional(),
});
const ExecutionInput = z.strictObject({ id: executionIdInput });

/** Creates the tools that draw graphs. */
export function graphTools({ graphs, definitions }: Pick<ToolServices, 'graphs' | 'definitions'>) {
  const draw = async (drawable: Drawable): Promise<z.input<typeof PictureSchema>> => ({
    title: drawable.title,
    mimeType: 'image/svg+xml',
    svg: await graphs.svg(drawable),
  });

  const workflow: Tool<typeof WorkflowInput, typeof PictureSchema> = {
    name: 'draw_workflow',
    description: 'Draw the graph of a workflow as an SVG picture: its tasks, and what leads from one to another.',
    permission: 'workflow:read',
    effect: 'reads',
    input: WorkflowInput,
    findMore: definitions.meaningIssues,
    output: PictureSchema,
    async run(principal, { ref, definition, version, revision }) {
      if ((ref === undefined) === (definition === undefined)) {
        throw new AppError('request_invalid', 'pass either "ref" or "definition"');
      }
      const drawable =
        definition === undefined
          ? await graphs.readWorkflow(principal, ref!, { version, revision })
          : await graphs.readUnsaved(principal, { definition });
      return draw(drawable);
    },
  };

  const execution: Tool<typeof ExecutionInput, typeof PictureSchema> = {
    name: 'draw_execution',
    description: 'Draw the graph of an execution as an SVG picture, with the states of its tasks.',
    permission: 'execution:read',
    effect: 'reads',
    input: ExecutionInput,
    output: PictureSchema,
    run: async (principal, { id }) => draw(await graphs.readRun(principal, String(id))),
  };

  return [workflow, execution] as const;
}
