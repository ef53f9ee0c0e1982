import type { Definition } from '../../../model/definition.ts';

/** The example of the Workflows API, Create Workflow. */
export const INCIDENT = {
  ref: 'slack.incident_workflow',
  pack_ref: 'slack',
  label: 'Incident Response Workflow',
  description: 'Automated incident response with notifications',
  version: '1.0.0',
  param_schema: {
    type: 'object',
    properties: {
      severity: { type: 'string', enum: ['low', 'medium', 'high', 'critical'] },
      channel: { type: 'string' },
    },
    required: ['severity', 'channel'],
  },
  out_schema: { type: 'object', properties: { incident_id: { type: 'string' } } },
  definition: {
    tasks: [
      {
        name: 'notify_team',
        action: 'slack.post_message',
        input: { channel: '{{ channel }}', message: 'Incident: {{ severity }}' },
      },
    ],
  },
  tags: ['incident', 'approval'],
  enabled: true,
};

/** The example of the Workflows API, Complex Workflow. */
export const COMPLEX: Definition = {
  tasks: [
    {
      name: 'fetch_data',
      action: 'core.http',
      input: { url: '{{ workflow.param.api_url }}', method: 'GET' },
      on_success: 'process_data',
      on_failure: 'notify_error',
    },
    {
      name: 'process_data',
      action: 'core.transform',
      input: { data: '{{ fetch_data.output.body }}' },
      on_success: 'store_result',
    },
    {
      name: 'store_result',
      action: 'database.insert',
      input: { table: 'results', data: '{{ process_data.output }}' },
    },
    {
      name: 'notify_error',
      action: 'slack.post_message',
      input: { channel: '#errors', message: 'Workflow failed: {{ error.message }}' },
    },
  ],
  variables: { max_retries: 3, timeout: 300 },
};

/** The three examples of the Workflows API, Common Use Cases. */
export const RESPONSE: Definition = {
  tasks: [
    { name: 'create_incident', action: 'pagerduty.create_incident' },
    { name: 'notify_team', action: 'slack.post_message' },
    { name: 'create_ticket', action: 'jira.create_issue' },
  ],
};

export const APPROVAL: Definition = {
  tasks: [
    {
      name: 'request_approval',
      action: 'core.inquiry',
      input: { approvers: ['manager@company.com'], timeout: 3600 },
      on_success: 'execute_action',
      on_failure: 'notify_rejection',
    },
    { name: 'execute_action', action: 'aws.deploy' },
    { name: 'notify_rejection', action: 'email.send' },
  ],
};

export const PIPELINE: Definition = {
  tasks: [
    { name: 'extract', action: 'database.query' },
    { name: 'transform', action: 'core.transform', input: { data: '{{ extract.output }}' } },
    { name: 'load', action: 's3.upload', input: { data: '{{ transform.output }}' } },
  ],
};
