import { z } from 'zod';

/** Text without control characters and lone surrogates. */
const Plain = z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u);

/** Text that is a name. */
const Name = Plain.max(200).regex(/\S/);

/** Names as a list, or as one text with spaces between them. */
const Names = z
  .union([z.array(Plain), Plain])
  .transform((names) => (typeof names === 'string' ? names.split(' ').filter((name) => name !== '') : names))
  .default([]);

/**
 * The claims of a token about the identity and the rights of its bearer. A claim of a wrong type is refused, and never treated as
 * absent; claims that are not listed are ignored.
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
