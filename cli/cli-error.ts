/** What the command line ends with (design/shapes.md, Executions). */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** Why a command cannot be done: said without a stack; `lines` go below the message. */
export class CliError extends Error {
  readonly exitCode: (typeof EXIT)[keyof typeof EXIT];
  readonly lines: readonly string[];
  /** The code of the service's refusal; undefined for anything else. */
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
