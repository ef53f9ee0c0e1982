import type { z } from 'zod';
import { IncidentInputSchema } from '../../model/builtin-actions.ts';
import { ask, type ConnectedAction } from '../action.ts';

/**
 * `pagerduty.create_incident` (Events API v2, trigger): returns `{ status, dedup_key }`. Without a `dedup_key` all
 * attempts of a task have the same one, so that only one incident is opened. Fails with `pagerduty_error` and a code
 * such as `HTTP_400`.
 */
export const createIncident: ConnectedAction<'pagerduty', z.infer<typeof IncidentInputSchema>> = {
  pack: 'pagerduty',
  input: IncidentInputSchema,
  async run({ summary, severity, source, dedup_key, details }, { settings, secrets }, context) {
    const base = (settings.base_url ?? 'https://events.pagerduty.com').replace(/\/+$/, '');
    const request = {
      expected: 202,
      body: {
        routing_key: secrets.routing_key,
        event_action: 'trigger',
        dedup_key: dedup_key ?? context.token,
        payload: {
          summary,
          severity,
          source: source ?? 'fermata',
          ...(details === undefined ? {} : { custom_details: details }),
        },
      },
    };
    const body = await ask(context, `${base}/v2/enqueue`, request, { type: 'pagerduty_error', name: 'PagerDuty' });
    return { status: String(body.status), dedup_key: String(body.dedup_key) };
  },
};
