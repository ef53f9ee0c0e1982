import type { Issue } from './issue.ts';
import type { Permission } from './permissions.ts';
import type { PlannedRetry, PlanPart } from './retry-plan.ts';

/** The reasons why a request cannot be served, each with its HTTP status. The codes are stable and part of the API. */
export const ERROR_STATUS = {
  request_invalid: 400,
  definition_invalid: 400,
  input_invalid: 400,
  rule_invalid: 400,
  status_invalid: 400,
  json_malformed: 400,
  yaml_malformed: 400,
  token_invalid: 400,
  token_wrong_execution: 400,
  task_queue_forbidden: 400,
  type_reserved: 400,
  payload_invalid: 400,
  enforcement_reserved: 400,
  unauthenticated: 401,
  signature_invalid: 401,
  session_invalid: 401,
  forbidden: 403,
  permission_missing: 403,
  not_an_approver: 403,
  self_approval: 403,
  person_required: 403,
  token_not_yours: 403,
  form_foreign: 403,
  csrf_invalid: 403,
  not_found: 404,
  workflow_not_found: 404,
  pack_not_found: 404,
  action_not_found: 404,
  rule_not_found: 404,
  trigger_not_found: 404,
  connection_not_found: 404,
  secret_not_found: 404,
  concurrency_conflict: 409,
  schedule_not_found: 404,
  webhook_not_found: 404,
  execution_not_found: 404,
  key_not_found: 404,
  principal_not_found: 404,
  alias_not_found: 404,
  inquiry_not_found: 404,
  event_not_found: 404,
  enforcement_not_found: 404,
  tenant_not_found: 404,
  task_queue_not_found: 404,
  bulk_job_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  workflow_exists: 409,
  tenant_exists: 409,
  pack_exists: 409,
  action_exists: 409,
  schedule_exists: 409,
  webhook_exists: 409,
  webhook_in_use: 409,
  event_erased: 409,
  enforcement_pending: 409,
  action_in_use: 409,
  rule_exists: 409,
  trigger_exists: 409,
  trigger_in_use: 409,
  pack_in_use: 409,
  workflow_disabled: 409,
  execution_closed: 409,
  execution_paused: 409,
  execution_not_paused: 409,
  control_overtaken: 409,
  task_not_waiting: 409,
  execution_open: 409,
  nothing_failed: 409,
  history_unusable: 409,
  plan_stale: 409,
  workflow_in_use: 409,
  definition_outdated: 409,
  signal_not_expected: 409,
  sub_workflow_invalid: 409,
  alias_exists: 409,
  already_decided: 409,
  already_voted: 409,
  binding_changed: 409,
  signing_key_missing: 409,
  last_key: 409,
  last_admin: 409,
  master_key_missing: 409,
  token_used: 409,
  override_unsupported: 409,
  not_delegable: 409,
  inquiry_expired: 410,
  inquiry_withdrawn: 410,
  token_expired: 410,
  precondition_failed: 412,
  body_too_large: 413,
  history_too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  option_unknown: 422,
  skip_output_refused: 422,
  state_kept: 422,
  response_invalid: 422,
  delegate_unsuitable: 422,
  work_exceeded: 422,
  upgrade_required: 426,
  signals_full: 429,
  controls_full: 429,
  decisions_full: 429,
  events_full: 429,
  rate_limited: 429,
  too_many_streams: 429,
  internal: 500,
  busy: 503,
  temporal_unavailable: 503,
  database_unavailable: 503,
  tokens_unavailable: 503,
  sealing_key_missing: 503,
} as const;

/** A stable error code of the API. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** Details of an error, in addition to its code. */
export interface ErrorDetails {
  /** The permission that the caller lacks. */
  permission?: Permission;
  /** The plan as it is now, and what has changed since, in `plan_stale`. */
  plan?: PlannedRetry;
  changed?: PlanPart[];
}

/** The error of a request that cannot be served, with a stable code; api/http/errors.ts turns it into a response. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly issues: Issue[] | undefined;
  /** Details for programs, in addition to the code; undefined when there are none. */
  readonly details: ErrorDetails | undefined;
  /** Seconds after which another try may succeed; undefined when that is unknown. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { issues?: Issue[]; details?: ErrorDetails; cause?: unknown; retryAfter?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.issues = options.issues;
    this.details = options.details;
    this.retryAfter = options.retryAfter;
  }

  /** The HTTP status of the code. */
  get status(): (typeof ERROR_STATUS)[ErrorCode] {
    return ERROR_STATUS[this.code];
  }
}
