import { z } from 'zod';
import { JsonValueSchema } from '../model/json-value.ts';
import type { Schedule } from '../service/schedules/schedules.ts';
import type { Tool } from './tool.ts';
import type { ToolServices } from './tools.ts';

const id = z.string().max(100).describe('Id of the schedule.');
const ScheduleSchema = z.object({
  id: z.string(),
  workflow: z.string(),
  input: z.record(z.string(), JsonValueSchema),
  spec: z.record(z.string(), z.any()).describe('`cron` with `time_zone`, or `every` in seconds.'),
  overlap: z.string(),
  paused: z.boolean(),
  note: z.string().nullable(),
  next: z.array(z.string()).describe('When it starts runs next.'),
  recent: z.array(z.object({ scheduledAt: z.string(), startedAt: z.string(), executionId: z.number() })),
});
const ListInput = z.strictObject({
  page: z.int().min(1).max(1_000_000).default(1),
  perPage: z.int().min(1).max(100).default(20),
});
const ListSchema = z.object({ data: z.array(ScheduleSchema), total: z.number() });
const IdInput = z.strictObject({ id });
const NoteInput = z.strictObject({ id, note: z.string().max(1000).optional() });

/** Tools around schedules. */
export function scheduleTools({ schedules }: Pick<ToolServices, 'schedules'>) {
  const list: Tool<typeof ListInput, typeof ListSchema> = {
    name: 'list_schedules',
    description: 'List schedules with what they start, when next, and what they have started.',
    permission: 'execution:read',
    effect: 'reads',
    input: ListInput,
    output: ListSchema,
    async run(principal, { page, perPage }) {
      const { rows, total } = await schedules.list(principal, { offset: (page - 1) * perPage, limit: perPage });
      return { data: rows.map(scheduleOf), total };
    },
  };

  const get: Tool<typeof IdInput, typeof ScheduleSchema> = {
    name: 'get_schedule',
    description: 'Get a schedule.',
    permission: 'execution:read',
    effect: 'reads',
    input: IdInput,
    output: ScheduleSchema,
    run: async (principal, { id: of }) => scheduleOf(await schedules.get(principal, of)),
  };

  const change = (what: 'pause' | 'resume', description: string): Tool<typeof NoteInput, typeof ScheduleSchema> => ({
    name: `${what}_schedule`,
    description,
    permission: 'execution:execute',
    effect: 'changes',
    idempotent: true,
    input: NoteInput,
    output: ScheduleSchema,
    run: async (principal, { id: of, note }) => scheduleOf(await schedules[what](principal, of, note)),
  });

  const trigger: Tool<typeof IdInput, typeof ScheduleSchema> = {
    name: 'trigger_schedule',
    description: 'Have a schedule start a run now; each call starts one.',
    permission: 'execution:execute',
    effect: 'changes',
    input: IdInput,
    output: ScheduleSchema,
    run: async (principal, { id: of }) => scheduleOf(await schedules.trigger(principal, of, undefined)),
  };

  return [
    list,
    get,
    change('pause', 'Have a schedule start nothing until it is resumed.'),
    change('resume', 'Have a paused schedule start runs again.'),
    trigger,
  ] as const;
}

function scheduleOf(schedule: Schedule): z.input<typeof ScheduleSchema> {
  const { id: of, workflow, input, spec, overlap, paused, note, next, recent } = schedule;
  return {
    id: of,
    workflow,
    input,
    overlap,
    paused,
    note,
    spec: { ...spec },
    next: next.map((time) => time.toISOString()),
    recent: recent.map(({ scheduled, started, execution }) => ({
      scheduledAt: scheduled.toISOString(),
      startedAt: started.toISOString(),
      executionId: execution,
    })),
  };
}
