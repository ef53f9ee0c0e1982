import { grantName } from '../../model/names.ts';
import { expandPermissions } from '../../model/permissions.ts';
import { ALIAS_KINDS, type AliasKind, type Grants, type Principal, subjectsOf } from '../../model/principal.ts';
import type { KnownPrincipal, PrincipalStore } from '../../store/access/principals.ts';

/** Finds people by their names, with their present permissions. */
export interface People {
  /**
   * Returns all names of a principal's person, the principal's subject first: subjects joined to it by an alias or by its credential,
   * and the aliases of each.
   */
  namesOf(principal: Principal): Promise<string[]>;
  /** Returns the mail address that an admin has given a person as an alias; null when there is none. */
  mailAddressOf(principal: Principal): Promise<string | null>;
  /** Finds the person with an alias, such as a Slack user or a mail address, with their present permissions; null when there is none. */
  findPerson(tenant: string, kind: AliasKind, value: string): Promise<Principal | null>;
  /** Finds the person with a subject or an alias of any kind, with their present permissions; null when there is none. */
  findNamed(tenant: string, name: string): Promise<Principal | null>;
  /**
   * Finds the person with a subject, if their present permissions are known: by a valid key, or by a token that is remembered. Null
   * otherwise, and for a disabled person.
   */
  findGranted(tenant: string, subject: string): Promise<Principal | null>;
  /**
   * Returns the principal of an earlier request with its present roles and permissions: those of its keys, also expired and revoked
   * ones, and of its last token; unchanged where neither is known. An agent never gets more than it had. Null: the principal is
   * disabled.
   */
  asItStands(principal: Principal): Promise<Principal | null>;
  /**
   * Returns a text that changes whenever one of some subjects is disabled, and never otherwise: comparing two of them shows whether
   * that has happened in between, even if the subject was enabled again.
   */
  standingOf(tenant: string, subjects: readonly string[]): Promise<string>;
  /** Reports whether one of some subjects was disabled at a time (ISO 8601) or later, even if it was enabled again. */
  wasDisabledSince(tenant: string, subjects: readonly string[], time: string): Promise<boolean>;
}

/** The dependencies of `createPeople`. */
export interface PeopleDependencies {
  store: Pick<
    PrincipalStore,
    'namesOf' | 'listAliases' | 'findPerson' | 'findStanding' | 'lastDisabled' | 'wasDisabledSince'
  >;
  /** Returns the time in milliseconds. */
  clock: () => number;
  /** Seconds for which a person without a credential, in chat or behind a link, has the grants of their last token. */
  memory: number;
}

/** Creates the part of the principal service that only reads. */
export function createPeople({ store, clock, memory }: PeopleDependencies): People {
  /** Returns what the last token of a person granted; null when there was none, or too long ago. */
  function rememberedClaims({ principal: { claims, claimsSeen } }: KnownPrincipal): Grants | null {
    return claimsSeen !== null && claimsSeen.getTime() >= clock() - memory * 1000 ? claims : null;
  }

  /** Returns a principal that presents no credential with what its credentials grant now: nothing where it has none. */
  function presentOf(known: KnownPrincipal): Principal {
    const { principal, tenantRef, keyKinds } = known;
    const { id, tenant, subject, roles, permissions, groups, disabled } = principal;
    const claims = rememberedClaims(known);
    const person = claims !== null || keyKinds.includes('person');
    const granted: Grants[] = [
      ...(keyKinds.includes('person') ? [{ roles, permissions, groups }] : []),
      ...(claims === null ? [] : [claims]),
    ];
    const all = disabled === null ? granted : [];
    return {
      id,
      tenant,
      tenantRef,
      subject,
      onBehalfOf: null,
      kind: person ? 'person' : (keyKinds[0] ?? 'person'),
      roles: [...new Set(all.flatMap((grants) => grants.roles))],
      permissions: [...new Set(all.flatMap((grants) => grants.permissions))],
      groups: [...new Set(all.flatMap((grants) => grants.groups))],
    };
  }

  const people: People = {
    async namesOf(principal) {
      return store.namesOf(principal.tenant, subjectsOf(principal));
    },

    async mailAddressOf(principal) {
      const subjects = new Set(subjectsOf(principal));
      const aliases = await store.listAliases(principal.tenant);
      return aliases.find(({ kind, subject }) => kind === 'email' && subjects.has(subject))?.value ?? null;
    },

    async findPerson(tenant, kind, value) {
      const name = aliasName(kind, value);
      const now = new Date(clock());
      const found = await store.findPerson(tenant, { kind, value: name }, now);
      // Subjects may be mail addresses.
      const known = found ?? (kind === 'email' ? await store.findPerson(tenant, { subject: name }, now) : null);
      return known === null ? null : presentOf(known);
    },

    async findNamed(tenant, name) {
      const own = await store.findPerson(tenant, { subject: name }, new Date(clock()));
      if (own !== null) return presentOf(own);
      for (const kind of ALIAS_KINDS) {
        const found = await people.findPerson(tenant, kind, name);
        if (found !== null) return found;
      }
      return null;
    },

    async findGranted(tenant, subject) {
      const found = await store.findPerson(tenant, { subject }, new Date(clock()));
      if (found === null || found.principal.disabled !== null) return null;
      return found.keyKinds.includes('person') || rememberedClaims(found) !== null ? presentOf(found) : null;
    },

    async asItStands(principal) {
      const found = await store.findStanding(principal.tenant, principal.id);
      if (found?.disabled) return null;
      const known = [found?.byKeys ?? null, found?.byToken ?? null].filter((grants) => grants !== null);
      if (known.length === 0) return principal;
      const roles = [...new Set(known.flatMap((grants) => grants.roles))];
      const permissions = [...new Set(known.flatMap((grants) => grants.permissions))];
      if (principal.kind !== 'agent') return { ...principal, roles, permissions };
      const allowed = expandPermissions(principal.roles, principal.permissions);
      return {
        ...principal,
        roles: roles.filter((role) => principal.roles.includes(role)),
        permissions: [...expandPermissions(roles, permissions)].filter((permission) => allowed.has(permission)),
      };
    },

    standingOf: (tenant, subjects) => store.lastDisabled(tenant, subjects),

    wasDisabledSince: (tenant, subjects, time) => store.wasDisabledSince(tenant, subjects, new Date(time)),
  };
  return people;
}

/** Returns the stored form of an alias; a Slack user id is stored unchanged. */
export function aliasName(kind: AliasKind, value: string): string {
  return kind === 'slack' ? value : grantName(value);
}
