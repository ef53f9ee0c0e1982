import { computed, signal } from '@preact/signals';
import type { Permission } from '../../model/permissions.ts';
import { PURE_ACTIONS } from '../../model/pure-actions.ts';
import { ROOT } from '../routing/location.ts';
import { csrfToken, request, watchAnswers } from './request.ts';
import { RequestError } from './request-error.ts';
import type { Run, SignedIn } from './shapes.ts';

/** Who is signed in: null for nobody, undefined while that is being asked. */
export const session = signal<SignedIn | null | undefined>(undefined);

/** Why the session could not be asked for; null where it could. */
export const sessionError = signal<RequestError | null>(null);

/** Names who is signed in, among the people of all tenants. */
export const person = computed(() => JSON.stringify([session.value?.tenant, session.value?.subject]));

const held = computed(() => new Set<string>(session.value?.permissions));

/** Returns whether who is signed in has a permission. */
export function may(permission: Permission): boolean {
  return held.value.has(permission);
}

/** Returns whether who is signed in may start an action by itself, without a workflow. */
export function mayStartAction(ref: string): boolean {
  return may('execution:execute') && (PURE_ACTIONS.has(ref) || may('action:execute'));
}

/** Returns whether who is signed in may start again what a run is of: a workflow, or an action by itself. */
export function mayStartAgain({ revision, action_ref: ref }: Pick<Run, 'revision' | 'action_ref'>): boolean {
  return revision === null ? mayStartAction(ref) : may('execution:execute');
}

/** Where the windows of a browser say that somebody has signed in or out, since they share one session. */
const otherWindows = new BroadcastChannel(`fermata-session${ROOT}`);

/** Notices from then on when nobody is signed in any more, or somebody else is, in whatever window that has happened. */
export function watchSession(): void {
  watchAnswers({ ended: () => setSession(null), replaced: () => void checkSession() });
  otherWindows.addEventListener('message', () => void checkSession());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && session.peek()) void checkSession();
  });
}

/** Asks the API who is signed in. */
export async function openSession(): Promise<void> {
  sessionError.value = null;
  try {
    setSession((await request<{ data: SignedIn }>('/session')).data);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.status !== 401) sessionError.value = error;
  }
}

/** Asks the API whether the session is still the same; what cannot be asked stays. */
async function checkSession(): Promise<void> {
  const before = session.peek();
  try {
    const { data } = await request<{ data: SignedIn }>('/session', { isBackground: true });
    // Somebody may have signed out meanwhile.
    if (session.peek() === before) setSession(data);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
  }
}

/** Opens a session with a key or token, or with the one-time code of a link; none is kept. Throws a RequestError when the API refuses it. */
export async function signIn(by: { key: string } | { code: string }): Promise<void> {
  setSession((await request<{ data: SignedIn }>('/session', { method: 'POST', body: by })).data);
  otherWindows.postMessage('signed in');
}

/** Ends the session, everywhere and at once. Throws a RequestError. */
export async function signOut(): Promise<void> {
  await request('/session', { method: 'DELETE' });
  setSession(null);
  otherWindows.postMessage('signed out');
}

function setSession(now: SignedIn | null): void {
  csrfToken.value = now?.csrf ?? null;
  session.value = now;
}
