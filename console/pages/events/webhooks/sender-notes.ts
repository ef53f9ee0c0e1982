import type { WebhookPreset } from '../../../../model/webhook.ts';

/** A secret that the sender makes, once it has the address. */
const MADE_THERE = 'shows a secret then. Store it here with "Set secret": until then, every request is refused.';

/** The words for whoever sets up the sender of the events of a webhook, by its preset. */
export const SENDER_NOTES: Record<WebhookPreset, string> = {
  'standard-webhooks': 'Give the program that sends the events the address and the secret, which signs each request.',
  github:
    'In the repository, under Settings, Webhooks, Add webhook: the address is the "Payload URL", the content type is application/json, the secret is the "Secret".',
  gitlab:
    'In the project, under Settings, Webhooks, Add new webhook: the address is the "URL", the secret is the "Secret token".',
  stripe: `In Stripe, under Developers, Webhooks, add an endpoint with the address. Stripe ${MADE_THERE}`,
  slack: `In the settings of your Slack app, the address is the "Request URL" of Event Subscriptions. Basic Information ${MADE_THERE}`,
  pagerduty: `In PagerDuty, under Integrations, Generic Webhooks, add a webhook with the address. PagerDuty ${MADE_THERE}`,
  alertmanager:
    'In the configuration of the Alertmanager, the address is the "url" of an entry of "webhook_configs", the secret is "credentials" below "http_config", "authorization".',
  hmac: 'The program that sends the events signs each request with the secret, as the settings say.',
  bearer:
    'The program that sends the events puts the secret into each request, as "Authorization: Bearer" or as the settings say.',
  none: 'Whoever has the address can send events. Nothing is verified.',
};
