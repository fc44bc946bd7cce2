import type { SourceSettings } from '../../../src/contract/profile-file.ts';

export interface WrittenSource {
  readonly kind: 'git' | 'folder';
  readonly location: string;
  readonly branch: string;
  readonly path: string;
  readonly every: string;
}

/** What was written, as the file has it; what was left empty is left out. */
export function sourceSettings({ kind, location, branch, path, every }: WrittenSource): SourceSettings {
  if (kind === 'folder') return { folder: location.trim() };
  const given = { branch: branch.trim(), path: path.trim(), every: every.trim() };
  const named = Object.entries(given).filter(([, value]) => value !== '');
  return { git: location.trim(), ...Object.fromEntries(named) };
}

/** A name for a source, as its location suggests: the last part of it that is a word. */
export function suggestedName(location: string): string {
  const last = location
    .trim()
    .replace(/\.git\/?$/, '')
    .split(/[/:\\]/)
    .filter(Boolean)
    .at(-1);
  const name = (last ?? '').toLowerCase().replaceAll(/[^a-z0-9._-]+/g, '-');
  return name.replace(/^[^a-z]+/, '').slice(0, 63);
}
