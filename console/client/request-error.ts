/** A refusal of the API, or that it could not be reached or its answer not be read; `status` is 0 then. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  /** The name of the control whose text is refused, by the console or by the API; null: none is known. */
  readonly control: string | null;
  /** The details of the refusal, for programs; null: there are none. */
  readonly details: Record<string, unknown> | null;
  /** Says what else is refused: the message has the first of several mistakes alone. */
  readonly further: readonly string[];

  constructor(
    message: string,
    {
      status,
      code,
      requestId,
      control = null,
      details = null,
      further = [],
    }: {
      status: number;
      code: string;
      requestId: string | null;
      control?: string | null;
      details?: Record<string, unknown> | null;
      further?: readonly string[];
    },
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.control = control;
    this.details = details;
    this.further = further;
  }
}

/** Returns the error for a text that the console itself refuses; `control` is the name of the control in which it was entered. */
export function refuseInput(message: string, control: string | null = null): RequestError {
  return new RequestError(message, { status: 0, code: 'input_malformed', requestId: null, control });
}
