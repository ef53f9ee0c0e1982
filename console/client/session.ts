import { computed, signal } from '@preact/signals';
import type { Permission } from '../../model/permissions.ts';
import { csrfToken, RequestError, request, whenSignedOut } from './request.ts';
import type { SignedIn } from './shapes.ts';

/** Who is signed in: null for nobody, undefined while that is being asked. */
export const session = signal<SignedIn | null | undefined>(undefined);

/** Why the session could not be asked for; null where it could. */
export const sessionError = signal<RequestError | null>(null);

const held = computed(() => new Set<string>(session.value?.permissions));

/** Returns whether who is signed in has a permission. */
export function may(permission: Permission): boolean {
  return held.value.has(permission);
}

/** Asks the API who is signed in, and notices from then on when nobody is any more. */
export async function openSession(): Promise<void> {
  whenSignedOut(() => take(null));
  sessionError.value = null;
  try {
    take((await request<{ data: SignedIn }>('/session')).data);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.status !== 401) sessionError.value = error;
  }
}

/** Opens a session with a key or token, or with the one-time code of a link; none is kept. Throws a RequestError when the API refuses it. */
export async function signIn(by: { key: string } | { code: string }): Promise<void> {
  take((await request<{ data: SignedIn }>('/session', { method: 'POST', body: by })).data);
}

/** Ends the session, everywhere and at once. Throws a RequestError. */
export async function signOut(): Promise<void> {
  await request('/session', { method: 'DELETE' });
  take(null);
}

function take(now: SignedIn | null): void {
  csrfToken.value = now?.csrf ?? null;
  session.value = now;
}
