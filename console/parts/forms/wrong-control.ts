/** Moves the focus to the control of a form that has a name, and marks it as wrong until it is changed; null: to none. */
export function markWrong(form: HTMLFormElement, name: string | null): void {
  const control = name === null ? null : form.elements.namedItem(name);
  if (!(control instanceof HTMLElement)) return;
  control.setAttribute('aria-invalid', 'true');
  control.addEventListener('input', () => control.removeAttribute('aria-invalid'), { once: true });
  control.focus();
}
