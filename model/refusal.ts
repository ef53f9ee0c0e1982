import { AppError } from './app-error.ts';
import { andMore, capIssues, type Issue } from './issue.ts';

/** Creates an error with all issues and the message of the first one. */
export function refusal(
  code: 'request_invalid' | 'input_invalid' | 'definition_invalid' | 'rule_invalid' | 'payload_invalid',
  issues: Issue[],
): AppError {
  return new AppError(code, `${issues[0]!.path}: ${issues[0]!.message}${andMore(issues)}`, {
    issues: capIssues(issues),
  });
}
