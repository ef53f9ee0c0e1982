import type { z } from 'zod';
import type { Egress } from '../egress/egress.ts';
import type { Json } from '../model/json.ts';

/** What an action gets beside its input. */
export interface ActionContext {
  /** Aborted when the task is cancelled, its attempt has timed out, or the worker shuts down. */
  signal: AbortSignal;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
  /** The one way to reach anything by HTTP. */
  fetch: Egress['fetch'];
}

/** How an action of Fermata's own workers ends badly: recorded as the failure of its task. */
export class ActionError extends Error {
  readonly type: string;
  readonly code: string | undefined;
  readonly details: Json;
  readonly retryable: boolean;

  constructor(
    type: string,
    message: string,
    options: { code?: string; details?: Json; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ActionError';
    this.type = type;
    this.code = options.code;
    this.details = options.details ?? null;
    this.retryable = options.retryable ?? true;
  }
}

/** An action as a worker runs it: the schema of its input, and what it does with it. */
export interface Action<Input = unknown> {
  input: z.ZodType<Input>;
  run(input: Input, context: ActionContext): Promise<Json>;
}
