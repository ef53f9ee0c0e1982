/** A refusal of the API, or that it could not be reached or its answer not be read; `status` is 0 then. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;

  constructor(
    message: string,
    { status, code, requestId }: { status: number; code: string; requestId: string | null },
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/** Returns the error for what a person has entered and the console can refuse by itself. */
export function refuseInput(message: string): RequestError {
  return new RequestError(message, { status: 0, code: 'input_malformed', requestId: null });
}
