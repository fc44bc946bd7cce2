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

const duration = /^(?=.*[1-9])(\d{1,9}[mh]){1,2}$/;

/** What of it no file may say and people do write, by field. The rest the daemon knows. */
export function sourceProblems({
  kind,
  location,
  every,
}: WrittenSource): Partial<Record<keyof WrittenSource, string>> {
  if (kind === 'folder')
    return /^(~\/|\/|[A-Za-z]:\\)/.test(location.trim())
      ? {}
      : { location: 'An absolute path, or one that starts with ~/' };
  return every.trim() === '' || duration.test(every.trim()) ? {} : { every: 'As 15m or 1h' };
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
