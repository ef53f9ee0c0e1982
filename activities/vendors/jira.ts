import type { z } from 'zod';
import { JiraIssueInputSchema } from '../../model/builtin-actions.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { ask, basic, type ConnectedAction } from '../action.ts';

/**
 * `jira.create_issue` (Jira Cloud REST API v3, POST /rest/api/3/issue): returns `{ id, key, url }`. Fails with
 * `jira_error` and a code such as `HTTP_400`; Jira's messages are in the details.
 */
export const createIssue: ConnectedAction<'jira', z.infer<typeof JiraIssueInputSchema>> = {
  pack: 'jira',
  input: JiraIssueInputSchema,
  async run(input, { settings, secrets }, context) {
    const { project, summary, description, issue_type: issueType, fields = {} } = input;
    const base = settings.base_url.replace(/\/+$/, '');
    const request = {
      expected: 201,
      headers: { authorization: basic(settings.email, secrets.token, context.encoded) },
      body: {
        fields: {
          project: { key: project },
          summary,
          issuetype: { name: issueType },
          ...(description === undefined ? {} : { description: documentOf(description) }),
          ...fields,
        },
      },
    };
    const body = await ask(context, `${base}/rest/api/3/issue`, request, { type: 'jira_error', name: 'Jira', said });
    const key = String(body.key);
    return { id: String(body.id), key, url: `${base}/browse/${encodeURIComponent(key)}` };
  },
};

/** Returns a text as a Jira document with a paragraph for each line. */
function documentOf(text: string): Json {
  const content = text
    .split('\n')
    .map((line): Json => ({ type: 'paragraph', content: line === '' ? [] : [{ type: 'text', text: line }] }));
  return { type: 'doc', version: 1, content };
}

/** Returns the error messages of a response of Jira. */
function said(body: Json): string {
  if (!isJsonObject(body)) return '';
  const { errorMessages, errors } = body;
  const messages = Array.isArray(errorMessages) ? errorMessages.map(String) : [];
  const fields = isJsonObject(errors) ? Object.entries(errors).map(([field, text]) => `${field}: ${String(text)}`) : [];
  return messages.length + fields.length === 0 ? '' : `: ${[...messages, ...fields].join('; ')}`;
}
