import { AppError } from './app-error.ts';
import { andMore, capIssues, type Issue } from './issue.ts';

/** Creates an error that carries all issues and whose message is that of the first. */
export function refusal(code: 'request_invalid' | 'input_invalid' | 'definition_invalid', issues: Issue[]): AppError {
  return new AppError(code, `${issues[0]!.path}: ${issues[0]!.message}${andMore(issues)}`, {
    issues: capIssues(issues),
  });
}
