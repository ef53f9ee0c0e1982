/** The mark of Fermata: the sign above a note that is held. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="6" />
      <path d="M5 15.2a7 7 0 0 1 14 0" />
      <circle cx="12" cy="14.6" r="1.6" />
    </svg>
  );
}
