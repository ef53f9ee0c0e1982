import { useRead } from '../../client/reads.ts';
import type { ListedConnection } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { ValueView } from '../../parts/value.tsx';

/** The connections of packs to other systems, with the names of their secrets. */
export function ConnectionList() {
  return (
    <Listing
      name="Connections"
      noun="connection"
      class="connections"
      reading={useRead<{ data: ListedConnection[] }>('/connections')}
      columns={['Connection', 'Settings', 'Secrets', 'Updated']}
      keyOf={({ pack, name }) => `${pack}/${name}`}
      empty={
        <>
          <p class="strong">No connections yet.</p>
          <p class="soft">
            A connection has the settings and secrets with which the actions of a pack reach a system. Store one with{' '}
            <code>npx fermata connections set</code>.
          </p>
        </>
      }
      row={({ pack, name, settings, secrets, updated }) => (
        <>
          <NameCell>
            {pack}/{name}
          </NameCell>
          <ListCell>
            <ValueView name={`Settings of ${pack}/${name}`} value={settings} />
          </ListCell>
          <ListCell of="Secrets">{secrets.join(', ') || 'none'}</ListCell>
          <ListCell of="Updated" class="time-cell">
            <Instant at={updated} />
          </ListCell>
        </>
      )}
    />
  );
}
