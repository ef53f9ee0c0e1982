import type { ComponentType } from 'preact';
import { may } from '../../client/session.ts';
import { Heading } from '../../parts/heading.tsx';
import { createLazyView } from '../../parts/lazy.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { go, hrefOf } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { EnforcementList } from './enforcement-list.tsx';
import { EventList } from './event-list.tsx';
import { RuleList } from './rule-list.tsx';

const Webhooks = createLazyView('webhooks', async () => (await import('./webhooks/webhook-list.tsx')).WebhookList);

/** The views, one of which is only for those who may write secrets. */
const VIEWS: { id: string; name: string; View: ComponentType; isGuarded?: boolean }[] = [
  { id: 'received', name: 'Events', View: EventList },
  { id: 'rules', name: 'Rules', View: RuleList },
  { id: 'enforcements', name: 'Enforcements', View: EnforcementList },
  { id: 'webhooks', name: 'Webhooks', View: Webhooks, isGuarded: true },
];

/** What has happened outside, the rules that say what it starts, what they have started, and the webhooks by which it comes in. */
export function EventsPage({ tab }: PageProps) {
  const views = VIEWS.filter(({ isGuarded = false }) => !isGuarded || may('secret:write'));
  const { id, View } = views.find((view) => view.id === tab) ?? views[0]!;
  return (
    <div class="page">
      <Heading title="Events" />
      <div>
        <Tabs
          label="Event views"
          tabs={views}
          chosen={id}
          choose={(view) => go(hrefOf(view === 'received' ? '/events' : `/events/${view}`), { stay: true })}
        >
          <View />
        </Tabs>
      </div>
    </div>
  );
}
