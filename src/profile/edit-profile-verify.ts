import { AppError } from '../base/app-error.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import type { ProfileProblem } from '../contract/profile-snapshot.ts';
import { canonicalJson } from './canonical.ts';
import { pathOf } from './edit-profile-document.ts';
import { type EditOptions, editRefused } from './profile-edit.ts';
import type { ProfileFile } from './read-profile-file.ts';

const parts = ['profiles', 'overrides', 'sources', 'groups'] as const;
type Contents = Record<(typeof parts)[number], Map<string, string>>;

/**
 * Throws SP-PROFILE-INVALID for what is wrong with the edit itself, and SP-PROFILE-EDIT unless the edited file holds the edit and nothing else that is new: an anchor, for one, may carry an edit to
 * other profiles.
 */
export function verifyEdit(
  { before, after }: { readonly before: ProfileFile; readonly after: ProfileFile },
  edit: ProfileEdit,
  options: EditOptions,
): void {
  const messages = new Set(before.problems.map(({ message }) => message));
  const fault = after.problems.find(({ message }) => !messages.has(message));
  if (fault) throw refusal(fault, edit, options);
  const wanted = contents(before);
  expect(wanted, edit, before);
  const found = contents(after);
  for (const part of parts) {
    for (const name of new Set([...wanted[part].keys(), ...found[part].keys()])) {
      if (wanted[part].get(name) === found[part].get(name)) continue;
      throw editRefused(
        options,
        `it would change ${name.replace('\n', '/')} too: they share an anchor; edit the file by hand`,
      );
    }
  }
}

/** What was asked for is wrong, or the file is: they are mended in different places. */
function refusal({ at, message }: ProfileProblem, edit: ProfileEdit, options: EditOptions): AppError {
  const own = pathOf(edit).join('.');
  if (at !== own && !at.startsWith(`${own}.`)) return editRefused(options, message);
  const next =
    at === `${own}.local`
      ? 'choose another local port; sallyport list shows which are taken'
      : 'give another value; nothing was written';
  return new AppError('SP-PROFILE-INVALID', { profile: edit.name, message, next });
}

/** Changes what a file holds as the edit is meant to. */
function expect(wanted: Contents, edit: ProfileEdit, { groups }: ProfileFile): void {
  const regroup = (change: (members: readonly string[]) => readonly string[]) => {
    for (const [group, members] of groups) setMembers(wanted, group, change(members));
  };
  const leave = (leaves: (member: string) => boolean) =>
    regroup((members) => members.filter((member) => !leaves(member)));
  switch (edit.kind) {
    case 'add':
    case 'change':
      wanted.profiles.set(edit.name, canonicalJson(edit.profile));
      return;
    case 'rename': {
      const { name, to } = edit;
      const profile = wanted.profiles.get(name);
      wanted.profiles.delete(name);
      if (profile !== undefined) wanted.profiles.set(to, profile);
      return regroup((members) => members.map((member) => (member === name ? to : member)));
    }
    case 'remove':
      wanted.profiles.delete(edit.name);
      return leave((member) => member === edit.name);
    case 'override':
      if (edit.override) wanted.overrides.set(`${edit.source}\n${edit.name}`, canonicalJson(edit.override));
      else wanted.overrides.delete(`${edit.source}\n${edit.name}`);
      return;
    case 'add-source':
      wanted.sources.set(edit.name, canonicalJson(edit.settings));
      return;
    case 'remove-source':
      wanted.sources.delete(edit.name);
      for (const key of wanted.overrides.keys())
        if (key.startsWith(`${edit.name}\n`)) wanted.overrides.delete(key);
      return leave((member) => member.startsWith(`${edit.name}/`));
    case 'join-group': {
      const there = groups.get(edit.name) ?? [];
      const joining = new Set(edit.members.filter((member) => !there.includes(member)));
      return setMembers(wanted, edit.name, [...there, ...joining]);
    }
    case 'leave-group': {
      const { members } = edit;
      const stay = members ? groups.get(edit.name)?.filter((member) => !members.includes(member)) : [];
      return setMembers(wanted, edit.name, stay ?? []);
    }
  }
}

function setMembers({ groups }: Contents, group: string, members: readonly string[]): void {
  if (members.length === 0) groups.delete(group);
  else groups.set(group, canonicalJson(members));
}

function contents({ profiles, overrides, sources, groups }: ProfileFile): Contents {
  return {
    profiles: new Map(profiles.map(({ name, profile }) => [name, canonicalJson(profile)])),
    overrides: new Map(
      Object.entries(overrides).flatMap(([source, ofSource]) =>
        Object.entries(ofSource).map(([name, override]) => [`${source}\n${name}`, canonicalJson(override)]),
      ),
    ),
    sources: new Map(Object.entries(sources).map(([name, source]) => [name, canonicalJson(source)])),
    groups: new Map([...groups].map(([name, members]) => [name, canonicalJson(members)])),
  };
}
