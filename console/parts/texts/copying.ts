import { announce } from '../notice.ts';

/**
 * Copies a text, and says whether it did: `what` names the text at the beginning of a sentence, `otherwise` is a sentence on another way to have
 * it. Returns whether it was copied.
 */
export async function copyText(text: string, what: string, otherwise: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} was copied.`);
    return true;
  } catch {
    // Browsers copy nothing for a page that was not loaded over https.
    announce(`The browser does not let this page copy. ${otherwise}`);
    return false;
  }
}
