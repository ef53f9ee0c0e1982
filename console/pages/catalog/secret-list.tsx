import { useRead } from '../../client/reads.ts';
import type { ListedSecret } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';

/** The names of the secrets. */
export function SecretList() {
  return (
    <Listing
      name="Secrets"
      noun="secret"
      class="secrets"
      reading={useRead<{ data: ListedSecret[] }>('/secrets')}
      columns={['Secret', 'Created', 'Updated']}
      keyOf={({ name }) => name}
      empty={
        <>
          <p class="strong">No secrets yet.</p>
          <p class="soft">
            Store one with <code>npx fermata secrets set</code>. Workflows refer to it as <code>secret.NAME</code>; its
            value is never shown.
          </p>
        </>
      }
      row={({ name, created, updated }) => (
        <>
          <NameCell>
            <code>{name}</code>
          </NameCell>
          <ListCell of="Created" class="time-cell">
            <Instant at={created} />
          </ListCell>
          <ListCell of="Updated" class="time-cell">
            <Instant at={updated} />
          </ListCell>
        </>
      )}
    />
  );
}
