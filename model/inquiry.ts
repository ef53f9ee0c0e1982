import { type DelegationRecord, heldDelegations, type PersonRefusal } from './delegation.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { StatementProof } from './statement.ts';

// Decisions by people. Free of zod: the interpreter reads it.

/** The meaning of an option for the task. */
export type InquiryOutcome = 'approve' | 'deny';

/** Whether the form must come with a decision for an option; with `none` it may be left out. */
export type OptionForm = 'required' | 'none';

/** An answer that the inquiry offers. */
export interface InquiryOption {
  ref: string;
  label: string;
  style: 'primary' | 'danger' | 'default';
  outcome: InquiryOutcome;
  /** Absent in runs of interpreter 8 and older, where every option requires the form. */
  form?: OptionForm;
}

/** Where the people who are asked are notified. */
export interface InquiryNotify {
  slack?: { channel: string };
  teams?: { channel: string };
  email?: string[];
  webhook?: string;
}

/** A step of an inquiry's escalation: the people whom it adds and notifies when nobody has decided for a while. */
export interface InquiryStep {
  /** Seconds after the inquiry was opened. */
  after: number;
  approvers: string[];
  groups: string[];
  notify: InquiryNotify;
  reason: string | null;
}

/** The request of an inquiry, with defaults. Times in seconds. */
export interface InquiryRequest {
  prompt: string | null;
  details: string | null;
  /**
   * The people who may decide, by subject or another of their names; with neither approvers nor groups: everybody who may respond at all.
   */
  approvers: string[];
  groups: string[];
  options: InquiryOption[];
  quorum: number;
  deny_quorum: number;
  response_schema: JsonObject | null;
  timeout: number | null;
  remind_every: number | null;
  /** Whether the starters of the run may decide. */
  allow_self: boolean;
  notify: InquiryNotify;
  /** Whether a decision counts only while everything that it is about is as it was shown. */
  bind: boolean;
  /** The people who are asked later, in order; absent when an interpreter before 9 kept the request. */
  escalate?: InquiryStep[];
  /** Whether a person who is asked may delegate the decision; absent: nobody may. */
  delegable?: true;
}

/** Chats in which people are asked and can answer. */
export const CHAT_CHANNELS = ['slack', 'teams'] as const;

/** The form of the ids of users, `team/user`, by chat. */
export const CHAT_USERS: Readonly<Record<(typeof CHAT_CHANNELS)[number], RegExp>> = {
  slack: /^T[A-Z0-9]+\/[UW][A-Z0-9]+$/,
  teams: /^[0-9a-f-]{36}\/[0-9a-f-]{36}$/,
};

/** The channels through which a decision can come. */
export const CHANNELS = ['api', 'mcp', 'token', 'link', ...CHAT_CHANNELS] as const;

/** The channel through which a decision came. */
export type Channel = (typeof CHANNELS)[number];

/** The decision of a person, as it is sent to the run: the payload of a signal named DECISION_SIGNAL. */
export interface Decision {
  /** The same id twice is one decision. */
  id: string;
  /** Key of the inquiry in its run. */
  inquiry: string;
  option: string;
  response: Json;
  comment: string | null;
  /** The subject of the person who decides, all of their names, and their groups. */
  by: string;
  names: string[];
  groups: string[];
  channel: Channel;
  /** When it was made, ISO 8601. */
  at: string;
  /** The digest that was shown; null: none was. */
  bound_to: string | null;
  /** Whether it overrides the decisions of everybody who is asked. */
  override?: true;
  /** The subject on whose behalf the person decides; absent: nobody delegated the decision. */
  on_behalf_of?: string;
}

/** Why a decision does not count. */
export type RefusalReason =
  | PersonRefusal
  | 'unknown'
  | 'malformed'
  | 'option_unknown'
  | 'response_invalid'
  | 'binding_changed';

/** The interpreter's verdict on a decision, which is recorded. */
export type Verdict =
  | { result: 'decided'; outcome: 'approved' | 'denied' }
  /** The decision counts, and more are needed. */
  | { result: 'counted' }
  | { result: 'refused'; reason: RefusalReason; message: string; issues?: { path: string; message: string }[] };

/** The statuses of an inquiry. */
export const INQUIRY_STATUSES = ['pending', 'approved', 'denied', 'expired', 'cancelled'] as const;

/** The status of an inquiry. */
export type InquiryStatus = (typeof INQUIRY_STATUSES)[number];

/** The name of the signal of a decision; the API's route for signals refuses it. */
export const DECISION_SIGNAL = '__fermata_decision';

/** The two options of an inquiry without its own options. */
export const DEFAULT_OPTIONS: readonly InquiryOption[] = [
  { ref: 'approve', label: 'Approve', style: 'primary', outcome: 'approve', form: 'required' },
  { ref: 'deny', label: 'Deny', style: 'danger', outcome: 'deny', form: 'none' },
];

/** Reads the input of `core.inquiry`, whose schema has been checked. */
export function inquiryRequest(input: Json): InquiryRequest {
  const given = isJsonObject(input) ? input : {};
  const text = (field: string) => (typeof given[field] === 'string' ? given[field] : null);
  const number = (field: string) => (typeof given[field] === 'number' ? given[field] : null);
  const list = (field: string) => (Array.isArray(given[field]) ? given[field] : []);
  const options = list('options') as unknown as (Partial<InquiryOption> & Pick<InquiryOption, 'ref' | 'outcome'>)[];
  return {
    prompt: text('prompt'),
    details: text('details'),
    approvers: list('approvers') as string[],
    groups: list('groups') as string[],
    options:
      options.length === 0
        ? [...DEFAULT_OPTIONS]
        : options.map(({ ref, label = ref, style = 'default', outcome, form = formFor(outcome) }) => ({
            ref,
            label,
            style,
            outcome,
            form,
          })),
    quorum: number('quorum') ?? 1,
    deny_quorum: number('deny_quorum') ?? 1,
    response_schema: isJsonObject(given.response_schema ?? null) ? (given.response_schema as JsonObject) : null,
    timeout: number('timeout'),
    remind_every: number('remind_every'),
    allow_self: given.allow_self === true,
    notify: (given.notify ?? {}) as InquiryNotify,
    bind: given.bind !== false,
    escalate: (list('escalate') as unknown as (Partial<InquiryStep> & Pick<InquiryStep, 'after'>)[]).map(
      ({ after, approvers = [], groups = [], notify = {}, reason = null }) => ({
        after,
        approvers,
        groups,
        notify,
        reason,
      }),
    ),
    ...(given.delegable === true ? { delegable: true } : {}),
  };
}

/** Returns in words who may decide, and how many of them must approve. */
export function whoIsAsked({ request, delegations }: Pick<Inquiry, 'request' | 'delegations'>): string {
  const { approvers, groups, quorum } = request;
  const delegates = heldDelegations({ delegations }).map(({ by, to }) => `${to} on behalf of ${by}`);
  const people = [...approvers, ...groups.map((group) => `members of ${group}`), ...delegates];
  const who = people.length === 0 ? 'anyone who may answer questions' : people.join(', ');
  return quorum === 1 ? who : `${who}; ${quorum} of them must approve`;
}

/** A denial needs no form, unless its option requires one. */
function formFor(outcome: InquiryOutcome): OptionForm {
  return outcome === 'approve' ? 'required' : 'none';
}

/** Returns the schema of the form that a decision for an option requires; null: it requires none. */
export function requiredForm(
  { response_schema }: Pick<InquiryRequest, 'response_schema'>,
  { form = 'required' }: Pick<InquiryOption, 'form'>,
): JsonObject | null {
  return form === 'required' ? response_schema : null;
}

/** Reads the payload of a decision, which anybody with a Temporal client can send. Returns null for anything else. */
export function parseDecision(payload: Json): Decision | null {
  if (!isJsonObject(payload)) return null;
  const {
    id,
    inquiry,
    option,
    response = null,
    comment = null,
    by,
    names,
    groups,
    channel,
    at,
    bound_to = null,
    override,
    on_behalf_of,
  } = payload;
  const texts = [id, inquiry, option, by, channel, at];
  if (!texts.every((text) => typeof text === 'string')) return null;
  if (!isTextList(names) || !isTextList(groups)) return null;
  if (comment !== null && typeof comment !== 'string') return null;
  if (bound_to !== null && typeof bound_to !== 'string') return null;
  if (!CHANNELS.includes(channel as Channel) || Number.isNaN(Date.parse(at as string))) return null;
  const decision = { id, inquiry, option, response, comment, by, names, groups, channel, at, bound_to } as Decision;
  if (override === true) decision.override = true;
  if (typeof on_behalf_of === 'string') decision.on_behalf_of = on_behalf_of;
  return decision;
}

function isTextList(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

/** A task that the approval of an inquiry will run next, as far as it is known. */
export interface PlannedTask {
  task: string;
  action: string;
  /** The input; as its author wrote it if it depends on unknown values. */
  input: Json;
  rendered: boolean;
}

/** A vote that counts. */
export interface Vote extends Pick<Decision, 'id' | 'by' | 'option' | 'response' | 'comment' | 'channel' | 'at'> {
  outcome: InquiryOutcome;
  bound_to: string | null;
  override?: true;
  /** The subject who delegated the decision; absent: nobody did. */
  on_behalf_of?: string;
  /** The signed statement that proves it; absent when the run takes unsigned decisions. */
  proof?: StatementProof;
  /** The integer id of the execution in which it was made, if a retry kept it. */
  carried_from?: number;
}

/** A decision with its verdict; `taken`: when the run took it, ISO 8601. */
export interface DecisionRecord {
  decision: Decision;
  verdict: Verdict;
  /** Whether it came as a signed statement that the run has verified. */
  verified?: true;
  taken: string;
}

/** An inquiry as it is projected from history. Times are ISO 8601, UTC. */
export interface Inquiry {
  /** The key of the visit or item in its run, with `~2` when it was asked again. */
  key: string;
  /** Number and item of the visit that opened it. */
  task: string;
  visit: number | null;
  item: number | null;
  request: InquiryRequest;
  status: InquiryStatus;
  votes: Vote[];
  /** When each step of the escalation was taken, in the order of `request.escalate`; the added people are in `request`. */
  escalated?: string[];
  /** Every delegation that came, in order, including those that do not count. */
  delegations?: DelegationRecord[];
  decisions: DecisionRecord[];
  bound_to: string;
  /** The part of `bound_to` that does not depend on the run (interpreter 9). */
  what?: string;
  plan: PlannedTask[];
  created: string;
  expires_at: string | null;
  decided_at: string | null;
}

/** Returns the steps of an inquiry's escalation that were taken; `escalated` has an entry for each. */
export function stepsTaken({
  request,
  escalated = [],
}: {
  request: InquiryRequest;
  escalated?: readonly unknown[] | undefined;
}): InquiryStep[] {
  return (request.escalate ?? []).slice(0, escalated.length);
}

/** Through what people and programs are told of inquiries. */
export const NOTICE_CHANNELS = [...CHAT_CHANNELS, 'email', 'webhook'] as const;

/** Through what people and programs are told of inquiries. */
export type NoticeChannel = (typeof NOTICE_CHANNELS)[number];

/** How often the inquiries of a run have changed: asked, voted on, escalated, delegated, ended. */
export function inquiryChanges(
  inquiries: Iterable<Record<'votes' | 'escalated' | 'delegations', readonly unknown[]> & { ended: boolean }>,
): number {
  let changes = 0;
  for (const { votes, escalated, delegations, ended } of inquiries) {
    changes += 1 + votes.length + escalated.length + delegations.length + (ended ? 1 : 0);
  }
  return changes;
}

/** Returns an inquiry of a closed run: an open one becomes withdrawn. */
export function withdrawn(inquiry: Inquiry): Inquiry {
  return inquiry.status === 'pending' ? { ...inquiry, status: 'cancelled' } : inquiry;
}
