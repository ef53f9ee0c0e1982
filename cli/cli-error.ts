/** The exit codes of the command line. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** Why a command failed; printed without a stack. `lines` are printed below the message. */
export class CliError extends Error {
  readonly exitCode: (typeof EXIT)[keyof typeof EXIT];
  readonly lines: readonly string[];
  /** The error code of the API; undefined for other errors. */
  readonly code: string | undefined;

  constructor(
    exitCode: CliError['exitCode'],
    message: string,
    options: { lines?: string[]; code?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.lines = options.lines ?? [];
    this.code = options.code;
  }
}
