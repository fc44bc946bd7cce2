import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import type { AppState } from '../../state/app-state.ts';
import { newDraft } from '../../state/drafts.ts';
import { go } from '../../state/route.ts';
import { copyName } from './form-fields.ts';
import { changeText } from './profile-text.ts';

/** Of the profile that is written from nothing or from another: in the address, and among the drafts. */
export const byHand = 'by-hand';

/** A new profile that begins as this one does, on a port of its own. */
export function startCopy(
  { drafts, view }: Pick<AppState, 'drafts' | 'view'>,
  { listed, text }: { readonly listed: ListedProfile; readonly text: string },
): void {
  const name = copyName(listed.name, view.view?.profiles.profiles ?? []);
  const copied = changeText(text, [{ path: ['local'], value: undefined }]);
  drafts.set(byHand, { ...newDraft({ name: '', text: '' }), name, text: copied });
  go({ view: 'new', chosen: byHand });
}
