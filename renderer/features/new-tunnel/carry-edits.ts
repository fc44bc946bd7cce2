import { type Draft, newDraft } from '../../state/drafts.ts';
import { changeText, readTree } from '../edit-profile/profile-text.ts';

/** The draft on another proposal: what its user wrote stays, part by part; the rest is as it is proposed now. */
export function carryEdits(draft: Draft, proposed: Draft['began']): Draft {
  const before = readTree(draft.began.text) ?? {};
  const now = readTree(draft.text);
  const name = draft.name === draft.began.name ? proposed.name : draft.name;
  // What cannot be read cannot be taken apart: it stays whole.
  if (!now) return { ...newDraft(proposed), name, text: draft.text };
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const changes = keys
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]))
    .map((key) => ({ path: [key], value: now[key] as object | undefined }));
  return {
    ...newDraft(proposed),
    name,
    text: changes.length > 0 ? changeText(proposed.text, changes) : proposed.text,
  };
}
