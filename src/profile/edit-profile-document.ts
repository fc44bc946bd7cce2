/** Applies an edit to a parsed file: what it is not about keeps its nodes, and with them comments, order and form. */
import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, YAMLMap } from 'yaml';
import { AppError } from '../base/app-error.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import { canonicalJson } from './canonical.ts';
import { type EditOptions, editRefused } from './profile-edit.ts';
import { keyOf } from './yaml-places.ts';

/** Throws SP-PROFILE-EXISTS for a name that is taken, SP-USAGE for one that is not there, SP-PROFILE-EDIT for what the file does not allow. */
export function applyEdit(document: Document, edit: ProfileEdit, options: EditOptions): void {
  const path = pathOf(edit);
  const exists = document.hasIn(path);
  const mustBe = (thing: Thing) => {
    if (!exists) throw notThere(`there is no ${thing} ${edit.name}`, thing);
  };
  switch (edit.kind) {
    case 'add':
      if (exists) throw taken('profile', edit.name);
      return set(document, path, edit.profile);
    case 'change':
      mustBe('profile');
      return set(document, path, edit.profile);
    case 'rename':
      mustBe('profile');
      if (document.hasIn(['profiles', edit.to])) throw taken('profile', edit.to);
      return rename(document, edit);
    case 'remove':
      mustBe('profile');
      document.deleteIn(path);
      return leaveGroups(document, (member) => member === edit.name);
    case 'override':
      if (edit.override) return set(document, path, edit.override);
      if (!exists) return;
      document.deleteIn(path);
      // A source without overrides is not kept: nobody wrote it for its own sake.
      return deleteIfEmpty(document, path.slice(0, 2));
    case 'add-source':
      if (exists) throw taken('source', edit.name);
      return set(document, path, edit.settings);
    case 'remove-source':
      mustBe('source');
      document.deleteIn(path);
      deleteIfEmpty(document, ['sources']);
      if (document.hasIn(['overrides', edit.name])) document.deleteIn(['overrides', edit.name]);
      deleteIfEmpty(document, ['overrides']);
      return leaveGroups(document, (member) => member.startsWith(`${edit.name}/`));
    case 'join-group':
      if (!exists) return set(document, path, [...new Set(edit.members)]);
      return joinGroup(document, edit, options);
    case 'leave-group':
      mustBe('group');
      return leaveGroup(document, edit, options);
  }
}

type Thing = 'profile' | 'source' | 'group';

function taken(what: 'profile' | 'source', name: string): AppError {
  const other =
    what === 'profile'
      ? `sallyport profile edit ${name} changes it`
      : `sallyport profile source remove ${name} makes room for it`;
  return new AppError('SP-PROFILE-EXISTS', { what, profile: name, next: `${other}; or choose another name` });
}

function notThere(message: string, thing: Thing): AppError {
  const next =
    thing === 'source'
      ? 'sallyport profile source list shows all sources'
      : 'sallyport list shows all of them';
  return new AppError('SP-USAGE', { message, next });
}

/** The part of the file that an edit is about. */
export function pathOf(edit: ProfileEdit): readonly string[] {
  switch (edit.kind) {
    case 'add':
    case 'change':
    case 'rename':
    case 'remove':
      return ['profiles', edit.name];
    case 'override':
      return ['overrides', edit.source, edit.name];
    case 'add-source':
    case 'remove-source':
      return ['sources', edit.name];
    case 'join-group':
    case 'leave-group':
      return ['groups', edit.name];
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

/** Where it stands, and in each group. */
function rename(document: Document, { name, to }: Extract<ProfileEdit, { kind: 'rename' }>): void {
  const profiles = document.get('profiles', true) as unknown;
  const pair = isMap(profiles) ? profiles.items.find((each) => keyOf(each) === name) : undefined;
  if (isScalar(pair?.key)) pair.key.value = to;
  for (const group of groupNames(document)) {
    const list = document.getIn(['groups', group]);
    if (!isSeq(list)) continue;
    for (const index of list.items.keys()) if (list.get(index) === name) list.set(index, to);
  }
}

function joinGroup(
  document: Document,
  { name, members }: Extract<ProfileEdit, { kind: 'join-group' }>,
  options: EditOptions,
): void {
  const list = listOf(document, name, options);
  const there = membersOf(document, name);
  for (const member of new Set(members)) if (!there.includes(member)) list.add(document.createNode(member));
}

function leaveGroup(
  document: Document,
  { name, members }: Extract<ProfileEdit, { kind: 'leave-group' }>,
  options: EditOptions,
): void {
  if (members === undefined) {
    document.deleteIn(['groups', name]);
    return deleteIfEmpty(document, ['groups']);
  }
  listOf(document, name, options);
  const there = membersOf(document, name);
  const stranger = members.find((member) => !there.includes(member));
  if (stranger !== undefined) throw notThere(`group ${name} has no member ${stranger}`, 'group');
  dropMembers(document, name, (member) => members.includes(member));
}

function listOf(document: Document, group: string, options: EditOptions) {
  const list = document.getIn(['groups', group], true);
  if (!isSeq(list)) throw editRefused(options, `group ${group} is no list of its own; edit the file by hand`);
  return list;
}

function membersOf(document: Document, group: string): readonly unknown[] {
  const list = document.getIn(['groups', group]);
  return isSeq(list) ? (list.toJS(document) as unknown[]) : [];
}

/** A group names what there is. */
function leaveGroups(document: Document, leaves: (member: string) => boolean): void {
  for (const group of groupNames(document)) dropMembers(document, group, leaves);
}

function groupNames(document: Document): string[] {
  const groups = document.get('groups', true) as unknown;
  return isMap(groups) ? groups.items.flatMap((pair) => keyOf(pair) ?? []) : [];
}

/** A group that is left without members goes too. */
function dropMembers(document: Document, group: string, leaves: (member: string) => boolean): void {
  const list = document.getIn(['groups', group]);
  if (!isCollection(list)) return;
  for (let index = list.items.length - 1; index >= 0; index--) {
    const member = list.get(index);
    if (typeof member === 'string' && leaves(member)) list.delete(index);
  }
  deleteIfEmpty(document, ['groups', group]);
}

function deleteIfEmpty(document: Document, path: readonly string[]): void {
  for (let depth = path.length; depth > 0; depth--) {
    const part = document.getIn(path.slice(0, depth), true);
    if (!isCollection(part) || part.items.length > 0) return;
    document.deleteIn(path.slice(0, depth));
  }
}
