import { useRead } from '../../client/reads.ts';
import type { ListPage, ShownPack } from '../../client/shapes.ts';
import { ListCell, Listing, NameCell } from '../../parts/lists/listing.tsx';
import { Instant } from '../../parts/time.tsx';
import { hrefOf, pageQuery } from '../../routing/location.ts';
import { pagePath } from '../../routing/page-size.ts';

/** The parts of a pack, each with the list of those of a pack. */
const PARTS = [
  { name: 'Workflows', page: '/workflows' },
  { name: 'Actions', page: '/catalog/actions' },
  { name: 'Rules', page: '/events/rules' },
];

/** The packs. */
export function PackList() {
  return (
    <Listing
      name="Packs"
      noun="pack"
      class="packs"
      reading={useRead<ListPage<ShownPack>>(pagePath('/packs', pageQuery.value))}
      columns={['Pack', 'Label', 'Has', 'Version', 'Updated']}
      keyOf={({ ref }) => ref}
      empty={
        <>
          <p class="strong">No packs yet.</p>
          <p class="soft">A pack has the workflows, actions and rules of one subject, and is imported as a whole.</p>
        </>
      }
      row={({ ref, label, description, version, tags, updated }) => (
        <>
          <NameCell>{ref}</NameCell>
          <ListCell>
            <bdi>{label}</bdi>
            {tags.map((tag) => (
              <span class="tag" key={tag}>
                {tag}
              </span>
            ))}
            {description !== null && <p class="soft small">{description}</p>}
          </ListCell>
          <ListCell of="Has">
            <p class="ways">
              {PARTS.map(({ name, page }) => (
                <a key={name} href={hrefOf(page, { pack_ref: ref })}>
                  {name}
                  <span class="hidden"> of {ref}</span>
                </a>
              ))}
            </p>
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
