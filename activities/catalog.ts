import type { Action, ConnectedAction } from './action.ts';
import { deploy } from './aws/codedeploy.ts';
import { upload } from './aws/s3.ts';
import { insert, query } from './database/database.ts';
import { httpAction } from './http/http.ts';
import { sendEmail } from './vendors/email.ts';
import { createIssue } from './vendors/jira.ts';
import { createIncident } from './vendors/pagerduty.ts';
import { postMessage } from './vendors/slack.ts';

// Each action is only called with input that matches its schema, and with a connection of its pack.
const action = (made: unknown) => made as Action;
const connected = (made: unknown) => made as ConnectedAction;

/** The actions that Fermata's own workers run, by ref. */
export const ACTIONS: Readonly<Record<string, Action | ConnectedAction>> = {
  'core.http': action(httpAction),
  'slack.post_message': connected(postMessage),
  'jira.create_issue': connected(createIssue),
  'pagerduty.create_incident': connected(createIncident),
  'email.send': connected(sendEmail),
  'database.query': connected(query),
  'database.insert': connected(insert),
  's3.upload': connected(upload),
  'aws.deploy': connected(deploy),
};
