import { z } from 'zod';
import { JsonValueSchema } from './json-value.ts';

/** The fields of a simulation that REST and MCP answer alike. */
export const SIMULATION_FIELDS = {
  status: z
    .enum(['completed', 'failed', 'cancelled', 'abandoned', 'timeout', 'skipped', 'running'])
    .describe('How it would end; `running` if it waits for something that the outcomes do not resolve.'),
  output: JsonValueSchema,
  error: JsonValueSchema.describe('The failure of the simulated execution; null if there is none.'),
  order: z.array(z.string()).describe('The keys of the visits, in the order in which they start.'),
  tasks: z
    .array(
      z.object({
        key: z.string(),
        action: z.string(),
        input: JsonValueSchema,
        status: z.enum(['running', 'succeeded', 'failed', 'timed_out', 'cancelled']),
        output: JsonValueSchema,
        error: JsonValueSchema,
      }),
    )
    .describe('The visits, each with its rendered input.'),
};
