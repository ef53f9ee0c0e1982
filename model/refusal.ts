import { AppError } from './app-error.ts';
import { andMore, capIssues, type Issue } from './issue.ts';

/** Creates an error with all issues and the message of the first one; an issue without a path is about the whole request. */
export function refusal(
  code: 'request_invalid' | 'input_invalid' | 'definition_invalid' | 'rule_invalid' | 'payload_invalid',
  issues: Issue[],
): AppError {
  const { path, message } = issues[0]!;
  const text = path === '' ? `the request ${message}` : `${path}: ${message}`;
  return new AppError(code, `${text}${andMore(issues)}`, { issues: capIssues(issues) });
}
