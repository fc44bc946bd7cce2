/**
 * Edits the text of a profile file as a careful person would: comments, order and whatever the edit is not about stay. What comes out
 * is read again and must hold the edit and nothing else that is new, or the edit is refused.
 */
import { type Document, isAlias, isCollection, isMap, isScalar, parseDocument, visit, YAMLMap } from 'yaml';
import { AppError } from '../base/app-error.ts';
import type { Profile, ProfileOverride } from '../contract/profile.ts';
import { canonicalJson } from './canonical.ts';
import { type ProfileFile, type ReadOptions, readProfileFile } from './read-profile-file.ts';
import { keyOf } from './yaml-places.ts';

export type ProfileEdit =
  | { readonly kind: 'add'; readonly name: string; readonly profile: Profile }
  | { readonly kind: 'change'; readonly name: string; readonly profile: Profile }
  | { readonly kind: 'remove'; readonly name: string }
  /** Without an override the one that is there is taken out. */
  | {
      readonly kind: 'override';
      readonly source: string;
      readonly name: string;
      readonly override: ProfileOverride | undefined;
    };

export interface EditOptions extends ReadOptions {
  /** Where editors find the JSON Schema; named in the first line of a new file. */
  readonly schemaLocation: string;
}

/** The edited text; `text` is undefined for a file that does not exist yet. Throws SP-PROFILE-EDIT with what stands in the way. */
export function editProfileText(text: string | undefined, edit: ProfileEdit, options: EditOptions): string {
  const given = text === undefined || text.trim() === '' ? newFile(options.schemaLocation) : text;
  const before = readProfileFile(given, options);
  const document = parseDocument(given, { stringKeys: true, logLevel: 'error' });
  if (!before.readable || document.errors.length > 0) {
    const [first] = before.problems;
    throw refused(options, `${first?.line}:${first?.column}: ${first?.message}`);
  }
  apply(document, edit, options);
  const edited = print(document, given, options);
  verify(before, readProfileFile(edited, options), edit, options);
  return edited;
}

function newFile(schemaLocation: string): string {
  return `# yaml-language-server: $schema=${schemaLocation}\nversion: 1\nprofiles: {}\n`;
}

function apply(document: Document, edit: ProfileEdit, options: EditOptions): void {
  const path = edit.kind === 'override' ? ['overrides', edit.source, edit.name] : ['profiles', edit.name];
  const exists = document.hasIn(path);
  switch (edit.kind) {
    case 'add':
      if (exists) throw refused(options, `there is a profile ${edit.name} already`);
      return set(document, path, edit.profile);
    case 'change':
      if (!exists) throw refused(options, `there is no profile ${edit.name}`);
      return set(document, path, edit.profile);
    case 'remove':
      if (!exists) throw refused(options, `there is no profile ${edit.name}`);
      document.deleteIn(path);
      return leaveGroups(document, edit.name);
    case 'override':
      if (edit.override) return set(document, path, edit.override);
      if (!exists) return;
      document.deleteIn(path);
      // A source without overrides is not kept: nobody wrote it for its own sake.
      return deleteIfEmpty(document, path.slice(0, 2));
  }
}

function set(document: Document, path: readonly string[], value: object): void {
  for (let depth = 1; depth < path.length; depth++) {
    const part = path.slice(0, depth);
    const there = document.getIn(part, true);
    if (!isMap(there)) document.setIn(part, new YAMLMap());
    // {} is how an empty map is written; what comes into it stands on lines of its own.
    else if (there.items.length === 0) there.flow = false;
  }
  const existing = document.getIn(path, true);
  if (isMap(existing)) merge(document, existing, value);
  else document.setIn(path, document.createNode(value, { aliasDuplicateObjects: false }));
}

/** Makes a map say what `value` says; what says it already is not touched, so that its comments and its form stay. */
function merge(document: Document, map: YAMLMap, value: object): void {
  const wanted = new Map(Object.entries(value).filter(([, inner]) => inner !== undefined));
  for (const key of map.items.map(keyOf)) {
    if (key !== undefined && !wanted.has(key)) map.delete(key);
  }
  for (const [key, inner] of wanted) {
    const there = map.get(key, true) as unknown;
    const held = isAlias(there) ? there.resolve(document) : there;
    const holds = isScalar(held) || isCollection(held) ? held.toJS(document) : undefined;
    if (held !== undefined && canonicalJson(holds) === canonicalJson(inner)) continue;
    if (isMap(there) && typeof inner === 'object' && !Array.isArray(inner)) merge(document, there, inner);
    else if (isScalar(there) && typeof inner !== 'object') there.value = inner;
    else map.set(key, document.createNode(inner, { aliasDuplicateObjects: false }));
  }
}

/** A group names what there is; one that is left without members goes too. */
function leaveGroups(document: Document, name: string): void {
  const groups = document.get('groups', true) as unknown;
  if (!isMap(groups)) return;
  for (const pair of [...groups.items]) {
    const group = keyOf(pair);
    const members = document.getIn(['groups', group]);
    if (group === undefined || !isCollection(members)) continue;
    for (let index = members.items.length - 1; index >= 0; index--) {
      if (members.get(index) === name) members.delete(index);
    }
    deleteIfEmpty(document, ['groups', group]);
  }
}

function deleteIfEmpty(document: Document, path: readonly string[]): void {
  for (let depth = path.length; depth > 0; depth--) {
    const part = document.getIn(path.slice(0, depth), true);
    if (!isCollection(part) || part.items.length > 0) return;
    document.deleteIn(path.slice(0, depth));
  }
}

/** In the indentation and the line ends that the file has. */
function print(document: Document, text: string, options: EditOptions): string {
  const indent = /^( {1,8})\S/m.exec(text.replace(/^\s*#.*$/gm, ''))?.[1]?.length ?? 2;
  try {
    const lists = /^( *)[^\s#-][^\n]*:[ \t]*\r?\n\1- /m.test(text);
    const printed = document.toString({
      lineWidth: 0,
      indent,
      indentSeq: !lists,
      flowCollectionPadding: padded(text),
    });
    const end = /\n*$/.exec(text.replaceAll('\r', ''))?.[0] || '\n';
    const whole = printed.trimEnd() + end;
    return text.includes('\r\n') ? whole.replaceAll(/\r?\n/g, '\r\n') : whole;
  } catch {
    // What is taken out had an anchor that is used elsewhere.
    throw refused(options, `another part of the file refers to it (${anchors(document)})`);
  }
}

function padded(text: string): boolean {
  return !/[{]\S[^{}\n]*\S[}]/.test(text) || /[{] \S/.test(text);
}

function anchors(document: Document): string {
  const names = new Set<string>();
  visit(document, { Alias: (_, { source }) => void names.add(`*${source}`) });
  return [...names].slice(0, 5).join(', ');
}

/** Nothing changed but what was asked: an anchor, for one, may carry an edit to other profiles. */
function verify(before: ProfileFile, after: ProfileFile, edit: ProfileEdit, options: EditOptions): void {
  const messages = new Set(before.problems.map(({ message }) => message));
  const fault = after.problems.find(({ message }) => !messages.has(message));
  if (fault) throw refused(options, fault.message);
  const wanted = contents(before);
  switch (edit.kind) {
    case 'add':
    case 'change':
      wanted.profiles.set(edit.name, canonicalJson(edit.profile));
      break;
    case 'remove':
      wanted.profiles.delete(edit.name);
      break;
    case 'override':
      if (edit.override) wanted.overrides.set(`${edit.source}\n${edit.name}`, canonicalJson(edit.override));
      else wanted.overrides.delete(`${edit.source}\n${edit.name}`);
      break;
  }
  const found = contents(after);
  for (const part of ['profiles', 'overrides', 'sources'] as const) {
    for (const name of new Set([...wanted[part].keys(), ...found[part].keys()])) {
      if (wanted[part].get(name) === found[part].get(name)) continue;
      throw refused(
        options,
        `it would change ${name.replace('\n', '/')} too: they share an anchor; edit the file by hand`,
      );
    }
  }
}

function contents(file: ProfileFile): Record<'profiles' | 'overrides' | 'sources', Map<string, string>> {
  return {
    profiles: new Map(file.profiles.map(({ name, profile }) => [name, canonicalJson(profile)])),
    overrides: new Map(
      Object.entries(file.overrides).flatMap(([source, overrides]) =>
        Object.entries(overrides).map(([name, override]) => [`${source}\n${name}`, canonicalJson(override)]),
      ),
    ),
    sources: new Map(Object.entries(file.sources).map(([name, source]) => [name, canonicalJson(source)])),
  };
}

function refused({ file }: EditOptions, why: string): AppError {
  return new AppError('SP-PROFILE-EDIT', { file, message: why });
}
