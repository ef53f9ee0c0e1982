import type { z } from 'zod';
import type { ConnectionSchema } from '../../api/admin/connections.ts';
import type { SecretSchema } from '../../api/admin/secrets.ts';
import type { SessionSchema } from '../../api/admin/sessions.ts';
import type { WebhookSchema } from '../../api/admin/webhooks.ts';
import type { EventMatchListSchema } from '../../api/events/matches.ts';
import type { JobSchema } from '../../api/executions/bulk.ts';
import type { ExplanationSchema, MomentSchema } from '../../api/executions/explanations.ts';
import type { ChainRunSchema, HistoryEventSchema, LogEntrySchema } from '../../api/executions/history.ts';
import type { ErrorGroupSchema } from '../../api/executions/lists.ts';
import type {
  ExecutionListSchema,
  ExecutionSchema,
  StatsSchema,
  WideSummarySchema,
} from '../../api/executions/schemas.ts';
import type { TaskListSchema } from '../../api/executions/tasks.ts';
import type { PageMetaSchema } from '../../api/http/routes.ts';
import type {
  AnsweredSchema,
  InquiryDetailSchema,
  InquiryListSchema,
  InquirySchema,
} from '../../api/inquiries/bodies.ts';
import type { ConditionExplanationSchema, EventRuleSchema, RuleTestResultSchema } from '../../api/rules/bodies.ts';
import type { ActionSchema } from '../../api/workflows/actions.ts';
import type { PlacedGraphSchema } from '../../api/workflows/graphs.ts';
import type { PackSchema } from '../../api/workflows/packs.ts';
import type { WorkflowListSchema, WorkflowRevisionSchema, WorkflowSchema } from '../../api/workflows/routes.ts';
import type { ScheduleSchema } from '../../api/workflows/schedules.ts';
import type { SimulationSchema, ValidationSchema } from '../../api/workflows/tools.ts';
import type { EnforcementSummary } from '../../model/events/enforcement.ts';
import type { EventRecord, EventSummary } from '../../model/events/event.ts';

// The answers of the API, as the schemas of its routes say.

/** A run in a list. */
export type RunRow = z.output<typeof WideSummarySchema>;

/** A page of a list in the form of the Executions API. */
type PageOf<Row> = Omit<z.output<typeof ExecutionListSchema>, 'data'> & { data: Row[] };

/** A page of runs. */
export type RunListPage = PageOf<RunRow>;

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

/** A run at an event of its history. */
export type RunMoment = z.output<typeof MomentSchema>;

/** An event of the history of a run. */
export type RunHistoryEvent = z.output<typeof HistoryEventSchema>;

/** A Temporal run of a chain. */
export type ChainRunLine = z.output<typeof ChainRunSchema>;

/** An entry of the log of a run. */
export type LogLine = z.output<typeof LogEntrySchema>;

/** A question to people. */
export type ShownQuestion = z.output<typeof InquirySchema>;

/** A question with its notices. */
export type QuestionDetail = z.output<typeof InquiryDetailSchema>;

/** A page of questions. */
export type QuestionList = z.output<typeof InquiryListSchema>;

/** The result of a decision. */
export type DecisionResult = z.output<typeof AnsweredSchema>;

/** A page of workflows. */
export type WorkflowList = z.output<typeof WorkflowListSchema>;

/** A workflow with its definition. */
export type ShownWorkflow = z.output<typeof WorkflowSchema>;

/** A revision of a workflow in the list of them. */
export type WorkflowRevision = z.output<typeof WorkflowRevisionSchema>;

/** The result of a simulation. */
export type ShownSimulation = z.output<typeof SimulationSchema>;

/** The errors of a definition, and their places in its text. */
export type ShownValidation = z.output<typeof ValidationSchema>;

/** A page of a list in the form of the Workflows API. */
export interface ListPage<Row> {
  data: Row[];
  meta: z.output<typeof PageMetaSchema>;
}

/** A schedule with its next times and its latest runs. */
export type ShownSchedule = z.output<typeof ScheduleSchema>;

/** A pack. */
export type ShownPack = z.output<typeof PackSchema>;

/** An action. */
export type ShownAction = z.output<typeof ActionSchema>;

/** A connection, without the values of its secrets. */
export type ListedConnection = z.output<typeof ConnectionSchema>;

/** The name of a secret. */
export type ListedSecret = z.output<typeof SecretSchema>;

/** A bulk job. */
export type BulkJobState = z.output<typeof JobSchema>;

/** Failed runs with the same error. */
export type RunErrorGroup = z.output<typeof ErrorGroupSchema>;

/** A page of events. */
export type EventListPage = PageOf<EventSummary>;

/** One event. */
export type EventDetails = EventRecord;

/** A page of enforcements. */
export type EnforcementListPage = PageOf<EnforcementSummary>;

/** An enforcement in a list. */
export type ShownEnforcement = EnforcementSummary;

/** A rule. */
export type ShownRule = z.output<typeof EventRuleSchema>;

/** How a condition comes to its value; its parts have the same form. */
export type ShownCondition = Omit<z.output<typeof ConditionExplanationSchema>, 'parts'> & { parts?: ShownCondition[] };

/** The result of a test of a rule on an event. */
export type ShownRuleTest = Omit<z.output<typeof RuleTestResultSchema>, 'when'> & { when: ShownCondition | null };

/** The result of applying a rule to an event now, with what was recorded. */
export type ShownMatch = ShownRuleTest & Omit<z.output<typeof EventMatchListSchema>['data'][number], 'when'>;

/** A page of the rules whose type fits an event. */
export type EventMatchPage = { data: ShownMatch[]; next_cursor: string | null };

/** A webhook, without its key and its secrets. */
export type ListedWebhook = z.output<typeof WebhookSchema>;

/** A webhook with its new address, and its secret if that was generated: both are shown only once. */
export type MadeWebhook = ListedWebhook & { url: string; secret?: string | null };
