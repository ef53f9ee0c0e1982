import { useRead } from '../../client/reads.ts';
import type { ListPage, ShownPack } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';

/** The packs. */
export function PackList() {
  return (
    <Listing
      name="Packs"
      noun="pack"
      class="packs"
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
          <ListCell of="Version" class="number-cell">
            {version ?? 'none'}
          </ListCell>
          <ListCell of="Updated" class="time-cell">
            <Instant at={updated} />
          </ListCell>
        </>
      )}
    />
  );
}
