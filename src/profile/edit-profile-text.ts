/**
 * Edits the text of a profile file as a careful person would: comments, order and whatever the edit is not about stay. What comes out
 * is read again and must hold the edit and nothing else that is new, or the edit is refused.
 */
import { type Document, parseDocument, visit } from 'yaml';
import type { ProfileEdit } from '../contract/control-profile.ts';
import { applyEdit } from './edit-profile-document.ts';
import { verifyEdit } from './edit-profile-verify.ts';
import { printDocument } from './print-document.ts';
import { type EditOptions, editRefused } from './profile-edit.ts';
import { readProfileFile } from './read-profile-file.ts';

/** The edited text; `text` is undefined for a file that does not exist yet. Throws SP-PROFILE-EDIT with what stands in the way, and what says that the edit is wrong: SP-PROFILE-EXISTS, SP-PROFILE-INVALID, SP-USAGE. */
export function editProfileText(text: string | undefined, edit: ProfileEdit, options: EditOptions): string {
  const given = text === undefined || text.trim() === '' ? newFile(options.schemaLocation) : text;
  const before = readProfileFile(given, options);
  const document = parseDocument(given, { stringKeys: true, logLevel: 'error' });
  if (!before.readable || document.errors.length > 0) {
    const [first] = before.problems;
    throw editRefused(options, `${first?.line}:${first?.column}: ${first?.message}`);
  }
  applyEdit(document, edit, options);
  const edited = print(document, given, options);
  verifyEdit({ before, after: readProfileFile(edited, options) }, edit, options);
  return edited;
}

function newFile(schemaLocation: string): string {
  return `# yaml-language-server: $schema=${schemaLocation}\nversion: 1\nprofiles: {}\n`;
}

function print(document: Document, text: string, options: EditOptions): string {
  try {
    return printDocument(document, text);
  } catch {
    // What is taken out had an anchor that is used elsewhere.
    throw editRefused(options, `another part of the file refers to it (${anchors(document)})`);
  }
}

function anchors(document: Document): string {
  const names = new Set<string>();
  visit(document, { Alias: (_, { source }) => void names.add(`*${source}`) });
  return [...names].slice(0, 5).join(', ');
}
