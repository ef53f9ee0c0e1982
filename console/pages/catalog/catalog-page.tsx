import type { FunctionComponent } from 'preact';
import { may } from '../../client/session.ts';
import { Heading } from '../../parts/heading.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { go, hrefOf } from '../../routing/location.ts';
import type { PageProps } from '../../routing/page-props.ts';
import { ActionList } from './action-list.tsx';
import { ConnectionList } from './connection-list.tsx';
import { PackList } from './pack-list.tsx';
import { SecretList } from './secret-list.tsx';

/** The views, some of which are only for those who may write secrets. */
const VIEWS: { id: string; name: string; View: FunctionComponent; isGuarded?: boolean }[] = [
  { id: 'packs', name: 'Packs', View: PackList },
  { id: 'actions', name: 'Actions', View: ActionList },
  { id: 'connections', name: 'Connections', View: ConnectionList, isGuarded: true },
  { id: 'secrets', name: 'Secrets', View: SecretList, isGuarded: true },
];

/** What workflows are made of: packs and actions, and the names of connections and secrets, whose values are never shown. */
export function CatalogPage({ tab }: PageProps) {
  const views = VIEWS.filter(({ isGuarded = false }) => !isGuarded || may('secret:write'));
  const { id, View } = views.find((view) => view.id === tab) ?? views[0]!;
  return (
    <div class="page">
      <Heading title="Catalog" />
      <div>
        <Tabs
          label="Catalog views"
          tabs={views}
          chosen={id}
          choose={(view) => go(hrefOf(`/catalog/${view}`), { stay: true })}
        >
          <View />
        </Tabs>
      </div>
    </div>
  );
}
