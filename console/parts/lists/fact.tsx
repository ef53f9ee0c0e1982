import type { ComponentChildren } from 'preact';

/** A fact in a list of them (`<dl class="facts">`); `isSilent` leaves out a name that what is said has in it. */
export function Fact({
  name,
  isSilent = false,
  children,
}: {
  name: string;
  isSilent?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div>
      <dt class={isSilent ? 'hidden' : 'soft'}>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
