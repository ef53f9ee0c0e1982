import { useRead } from '../../client/reads.ts';
import type { ListedConnection, ListedSecret, ListPage, ShownPack } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { ValueView } from '../../parts/value.tsx';
import { pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';

/** The packs. */
export function PackList() {
  return (
    <Listing
      name="Packs"
      noun="pack"
      looks="packs"
      reading={useRead<ListPage<ShownPack>>(pagePath('/packs', pageQuery.value))}
      columns={['Pack', 'Label', 'Version', 'Updated']}
      keyOf={({ ref }) => ref}
      empty={<p class="strong">No packs yet.</p>}
      row={({ ref, label, description, version, tags, updated }) => (
        <>
          <NameCell>{ref}</NameCell>
          <ListCell>
            {label}
            {tags.map((tag) => (
              <span class="tag" key={tag}>
                {tag}
              </span>
            ))}
            {description !== null && <p class="soft small">{description}</p>}
          </ListCell>
          <ListCell of="Version" looks="number-cell">
            {version ?? 'none'}
          </ListCell>
          <ListCell of="Updated" looks="time-cell">
            <Instant at={updated} />
          </ListCell>
        </>
      )}
    />
  );
}

/** The connections of packs to other systems, with the names of their secrets. */
export function ConnectionList() {
  return (
    <Listing
      name="Connections"
      noun="connection"
      looks="connections"
      reading={useRead<{ data: ListedConnection[] }>('/connections')}
      columns={['Connection', 'Settings', 'Secrets', 'Updated']}
      keyOf={({ pack, name }) => `${pack}/${name}`}
      empty={
        <>
          <p class="strong">No connections yet.</p>
          <p class="soft">A connection has the settings and secrets with which the actions of a pack reach a system.</p>
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
          <ListCell of="Updated" looks="time-cell">
            <Instant at={updated} />
          </ListCell>
        </>
      )}
    />
  );
}

/** The names of the secrets. */
export function SecretList() {
  return (
    <Listing
      name="Secrets"
      noun="secret"
      looks="secrets"
      reading={useRead<{ data: ListedSecret[] }>('/secrets')}
      columns={['Secret', 'Created', 'Updated']}
      keyOf={({ name }) => name}
      empty={
        <>
          <p class="strong">No secrets yet.</p>
          <p class="soft">
            Workflows refer to a secret as <code>secret.NAME</code>. Its value is never shown.
          </p>
        </>
      }
      row={({ name, created, updated }) => (
        <>
          <NameCell>
            <code>{name}</code>
          </NameCell>
          <ListCell of="Created" looks="time-cell">
            <Instant at={created} />
          </ListCell>
          <ListCell of="Updated" looks="time-cell">
            <Instant at={updated} />
          </ListCell>
        </>
      )}
    />
  );
}
