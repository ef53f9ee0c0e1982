import type { FunctionComponent } from 'preact';
import { Heading } from '../../parts/heading.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { go, hrefOf } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { EnforcementList } from './enforcement-list.tsx';
import { EventList } from './event-list.tsx';
import { RuleList } from './rule-list.tsx';

const VIEWS: { id: string; name: string; View: FunctionComponent }[] = [
  { id: 'received', name: 'Events', View: EventList },
  { id: 'rules', name: 'Rules', View: RuleList },
  { id: 'enforcements', name: 'Enforcements', View: EnforcementList },
];

/** What has happened outside, the rules that say what it starts, and what they have started. */
export function EventsPage({ tab }: PageProps) {
  const { id, View } = VIEWS.find((view) => view.id === tab) ?? VIEWS[0]!;
  return (
    <div class="page">
      <Heading title="Events" />
      <div>
        <Tabs
          label="Event views"
          tabs={VIEWS}
          chosen={id}
          choose={(view) => go(hrefOf(view === 'received' ? '/events' : `/events/${view}`), { stay: true })}
        >
          <View />
        </Tabs>
      </div>
    </div>
  );
}
