import { z } from 'zod';
import { CHAT_USERS } from './inquiry.ts';
import { PERMISSIONS, ROLES, type Role } from './permissions.ts';
import { ALIAS_KINDS, PRINCIPAL_KINDS } from './principal.ts';
import { createNameSchema, LabelSchema } from './request-fields.ts';
import { isStorableText, NOT_STORABLE } from './text.ts';

/** The body of POST /api/v1/tenants. */
export const TenantCreateSchema = z.strictObject({
  ref: z
    .string()
    .max(64)
    .regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, _ and -'),
  label: LabelSchema,
});

/** The body of POST /api/v1/keys. Absent fields stay unchanged for a known subject. */
export const KeyCreateSchema = z.strictObject({
  subject: createNameSchema(200).describe('The subject that the key is for: a person or a program.'),
  tenant: z
    .string()
    .max(64)
    .optional()
    .describe('The ref or UUID of the tenant. Defaults to the tenant of the caller.'),
  roles: z
    .array(z.enum(Object.keys(ROLES) as [Role, ...Role[]]))
    .max(10)
    .optional(),
  permissions: z
    .array(z.enum(PERMISSIONS))
    .max(20)
    .optional()
    .describe('Permissions in addition to those of the roles.'),
  groups: z.array(createNameSchema(100)).max(100).optional(),
  kind: z
    .enum(PRINCIPAL_KINDS)
    .optional()
    .describe('Defaults to `person`. Keys of a `service` or an `agent` cannot decide inquiries.'),
  on_behalf_of: createNameSchema(200)
    .optional()
    .describe(
      'The subject on whose behalf the key acts, such as the owner of an agent. Both count as starters of the executions that it starts.',
    ),
  label: LabelSchema.optional(),
  expires_in: z
    .int()
    .min(1)
    .max(315_360_000)
    .optional()
    .describe('Seconds until the key expires. By default it does not expire.'),
});

/** A parsed body of KeyCreateSchema. */
export type KeyCreate = z.infer<typeof KeyCreateSchema>;

const ALIAS_FORMS = {
  email: /^[^\s@]+@[^\s@]+$/,
  ...CHAT_USERS,
  subject: /\S/,
};

/** The body of POST /api/v1/aliases: another name of a person. */
export const AliasCreateSchema = z
  .strictObject({
    subject: z.string().min(1).max(200),
    kind: z.enum(ALIAS_KINDS),
    value: z
      .string()
      .min(1)
      .max(320)
      .refine(isStorableText, NOT_STORABLE)
      .describe(
        'An e-mail address, the Slack ids `team/user`, the Microsoft Entra ids `tenant/user`, or a second subject of the person.',
      ),
  })
  .refine(({ kind, value }) => ALIAS_FORMS[kind].test(value), {
    message: 'is not a valid name of this kind',
    path: ['value'],
  });

/** A parsed body of AliasCreateSchema. */
export type AliasCreate = z.infer<typeof AliasCreateSchema>;
