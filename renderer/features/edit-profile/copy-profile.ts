import type { AppState } from '../../state/app-state.ts';
import { newDraft } from '../../state/drafts.ts';
import { go } from '../../state/route.ts';
import { copyName, takenNames } from './form-fields.ts';
import { changeText } from './profile-text.ts';

/** Of the profile that is written from nothing: in the address, and among the drafts. */
export const byHand = 'by-hand';

/** A new profile that begins with what is there already: each has a draft of its own, so that none takes another's place. */
export function startDraft(
  { drafts }: Pick<AppState, 'drafts'>,
  { name, text }: { readonly name: string; readonly text: string },
): void {
  const key = `${byHand} ${name}`;
  if (!drafts.get(key)) drafts.set(key, { ...newDraft({ name: '', text: '' }), name, text });
  go({ view: 'new', chosen: key });
}

/** A new profile that begins as this one does, on a port of its own. */
export function startCopy(
  state: Pick<AppState, 'drafts' | 'view'>,
  { name, text }: { readonly name: string; readonly text: string },
): void {
  const { view } = state.view;
  const free = copyName(name, view ? takenNames(view.profiles) : []);
  startDraft(state, { name: free, text: changeText(text, [{ path: ['local'], value: undefined }]) });
}
