import { createHash } from 'node:crypto';
import type { Profile } from '../contract/profile.ts';
import type { ProfileChange } from '../contract/profile-snapshot.ts';

/** JSON with sorted keys and without what is undefined: equal values have equal text, however they were written. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
}

export interface ProfileIdentity {
  /** Where it comes from, in a form that no other source shares: see sourceIdentity. */
  readonly origin: string;
  readonly name: string;
}

/** What an agreement is given to: this content, under this name, from this source. SHA-256, hexadecimal. */
export function profileHash({ origin, name }: ProfileIdentity, profile: Profile): string {
  const text = canonicalJson({ format: 'sallyport profile 1', origin, name, profile });
  return createHash('sha256').update(text).digest('hex');
}

/** What differs between two values, leaf by leaf, sorted by path. Lists are leaves: their order is their meaning. */
export function diffValues(before: unknown, after: unknown): ProfileChange[] {
  const [old, now] = [leaves(before), leaves(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort();
  return paths
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => {
      const [was, is] = [old.get(path), now.get(path)];
      return {
        path,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      };
    });
}

function leaves(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) leaves(inner, path ? `${path}.${key}` : key, found);
  } else if (value !== undefined) found.set(path, canonicalJson(value));
  return found;
}

/** The profiles that differ between two readings of a source, by name; one that came or went differs in all of its values. */
export function diffProfiles(
  before: ReadonlyMap<string, Profile>,
  after: ReadonlyMap<string, Profile>,
): { readonly name: string; readonly changes: ProfileChange[] }[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((name) => ({ name, changes: diffValues(before.get(name), after.get(name)) }))
    .filter(({ changes }) => changes.length > 0);
}
