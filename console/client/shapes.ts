import type { z } from 'zod';
import type { SessionSchema } from '../../api/admin/sessions.ts';
import type { ExplanationSchema } from '../../api/executions/explanations.ts';
import type { LogEntrySchema } from '../../api/executions/history.ts';
import type {
  ExecutionListSchema,
  ExecutionSchema,
  StatsSchema,
  WideSummarySchema,
} from '../../api/executions/schemas.ts';
import type { TaskListSchema } from '../../api/executions/tasks.ts';
import type { PlacedGraphSchema } from '../../api/graphs.ts';
import type { WorkflowListSchema, WorkflowSchema } from '../../api/workflows/routes.ts';

// The answers of the API, as the schemas of its routes say.

/** A run in a list. */
export type RunRow = z.output<typeof WideSummarySchema>;

/** A page of runs. */
export type RunListPage = Omit<z.output<typeof ExecutionListSchema>, 'data'> & { data: RunRow[] };

/** Counts of runs. */
export type RunCounts = z.output<typeof StatsSchema>;

/** One run. */
export type Run = z.output<typeof ExecutionSchema>;

/** Who is signed in. */
export type SignedIn = z.output<typeof SessionSchema>;

/** Why a run is in its state, and what moves it. */
export type RunExplanation = z.output<typeof ExplanationSchema>;

/** A page of the tasks of a run. */
export type TaskListPage = z.output<typeof TaskListSchema>;

/** A task of a run in a list. */
export type TaskLine = TaskListPage['data'][number];

/** The graph of a run, with places. */
export type RunGraph = z.output<typeof PlacedGraphSchema>;

/** An entry of the log of a run. */
export type LogLine = z.output<typeof LogEntrySchema>;

/** A page of workflows. */
export type WorkflowList = z.output<typeof WorkflowListSchema>;

/** A workflow with its definition. */
export type ShownWorkflow = z.output<typeof WorkflowSchema>;
