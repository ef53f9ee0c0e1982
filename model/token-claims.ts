import { z } from 'zod';

/** Text without control characters and halves of characters. */
const Plain = z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u);

/** Text that names somebody or something. */
const Name = Plain.max(200).regex(/\S/);

/** Names as a list, or as one text with spaces between them. */
const Names = z
  .union([z.array(Plain), Plain])
  .transform((names) => (typeof names === 'string' ? names.split(' ').filter((name) => name !== '') : names))
  .default([]);

/**
 * The claims of a token that say who its bearer is and what that may do. A claim of a wrong type is refused and never replaced by
 * what holds without it; claims that are not listed are ignored.
 */
export const TokenClaimsSchema = z.object({
  sub: Name,
  tenant: Name.optional(),
  roles: Names,
  permissions: Names,
  groups: Names,
  act: z.unknown().optional(),
  azp: z.string().optional(),
  client_id: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).default([]),
});

/** The claims of a token, parsed. */
export type BearerClaims = z.output<typeof TokenClaimsSchema>;
