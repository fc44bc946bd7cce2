/**
 * Finds secrets that were pasted into a profile. A finding says what it is and where, never what it holds. This is a net for
 * accidents, not a proof: a password that looks like a word passes where the schema has room for a word.
 */
import { type Document, isMap, isScalar, isSeq, type Node } from 'yaml';
import { type Aliases, keyOf, resolved } from './yaml-places.ts';

export interface FoundSecret {
  readonly offset: number;
  /** Follows "there is". */
  readonly what: string;
}

const shapes: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  {
    what: 'an address with a password in it',
    // A placeholder as in documentation is none: <password>, $PASSWORD, ${PASSWORD}, ***, ..., xxx.
    pattern:
      /[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/?#:@'"]{0,256}:(?!(?:<[^>@\s]*>|\$\{?\w+\}?|[*.x…]+)@)[^\s/?#@'"]{1,256}@/gi,
  },
  { what: 'a PEM block', pattern: /-----BEGIN [A-Z0-9 ]{1,60}-----/g },
  { what: 'a JSON web token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/g },
  { what: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})/g },
  { what: 'a GitLab token', pattern: /\bglpat-[\w-]{16,}/g },
  { what: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  {
    what: 'a connection string with a password in it',
    pattern: /\b(?:password|passwd|pwd)\s*=\s*(?!<|\$|[*.]{2}|x{3})[^\s;&'"]{1,256}/gi,
  },
];

/** What a key is called that holds a secret: dbPassword, api_key, PGPASSWORD, client-secret. */
const telling =
  /(?:^|[._-])(?:pass(?:word|wd|phrase)?|pwd|secret|token|api-?key|private-?key|access-?key|credentials?)$/;

/** In the text as it stands, comments and keys included, and in the values as YAML reads them. `document` may be broken. */
export function findSecrets(text: string, document: Document, aliases: Aliases): FoundSecret[] {
  const found: FoundSecret[] = [];
  for (const { what, pattern } of shapes) {
    for (const { index } of text.matchAll(pattern)) found.push({ offset: index, what });
  }
  if (document.contents) walk(document.contents, '', { text, aliases, found });
  return found;
}

/** Whether a single text looks like a secret. */
export function looksSecret(text: string): boolean {
  return shapes.some(({ pattern }) => text.search(pattern) >= 0);
}

interface Search {
  readonly text: string;
  readonly aliases: Aliases;
  readonly found: FoundSecret[];
}

/** Aliases are followed to scalars only: what an anchor holds is walked where it stands. */
function walk(node: Node, parent: string, search: Search): void {
  const { text, aliases, found } = search;
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = keyOf(pair) ?? '';
      const value = resolved(pair.value, aliases);
      const written = pair.value as Node | null;
      if (isScalar(value) && value.value !== null && tells(key, parent, value.value)) {
        found.push({ offset: startOf(written) ?? 0, what: `a value for ${shown(key)}` });
      } else if (written === value && value) walk(value, key, search);
    }
  } else if (isSeq(node)) {
    for (const item of node.items as Node[]) walk(item, parent, search);
  } else if (isScalar(node) && typeof node.value === 'string') {
    // Escaped, folded or joined lines hide a shape from the text as it stands.
    const { value, range } = node;
    const written = text.slice(range?.[0], range?.[1]);
    for (const { what, pattern } of shapes) {
      if (value.search(pattern) >= 0 && written.search(pattern) < 0)
        found.push({ offset: startOf(node) ?? 0, what });
    }
  }
}

/** Numbers and texts alone: a flag says nothing. `secret` under `password` is where the format names a Secret. */
function tells(key: string, parent: string, value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  return isTelling(key) && !(key === 'secret' && parent === 'password');
}

function isTelling(key: string): boolean {
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
  return telling.test(words) || /^pg-?password$/.test(words);
}

function shown(key: string): string {
  return /^[\w.-]{1,40}$/.test(key) && !looksSecret(key) ? key : 'a key';
}

function startOf(node: Node | null): number | undefined {
  return node?.range?.[0];
}
