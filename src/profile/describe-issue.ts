import type { $ZodIssue } from 'zod/v4/core';
import { nearestName } from '../base/nearest-name.ts';
import { looksSecret } from './find-secrets.ts';
import { knownKeys } from './profile-json-schema.ts';
import type { Path } from './yaml-places.ts';

export interface Complaint {
  readonly path: Path;
  /** Whether it is about the path's last key rather than its value. */
  readonly about: 'key' | 'value';
  readonly message: string;
}

/**
 * What the schema found, as sentences that say what would be right. `document` is the value that was checked. Values are quoted only
 * where they are short and cannot be a secret.
 */
export function describeIssue(issue: $ZodIssue, document: unknown, around: Path = []): Complaint[] {
  const path = [...around, ...(issue.path as (string | number)[])];
  const value = valueAt(document, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key));
    case 'invalid_key':
      return [
        {
          path,
          about: 'key',
          message: `${quoted(path.at(-1))} must be ${issue.issues[0]?.message ?? 'a name'}`,
        },
      ];
    case 'invalid_union':
      return isMap(value) ? inBestBranch(issue, document, path, value) : [mustBe(path, value, issue.message)];
    case 'invalid_value':
      return [mustBe(path, value, issue.message, issue.values.map(String))];
    default:
      return [mustBe(path, value, issue.message)];
  }
}

/** Of several forms of a map the one that was meant: a key that no form knows says most, then what is wrong in the form that fits. */
function inBestBranch(
  issue: Extract<$ZodIssue, { code: 'invalid_union' }>,
  document: unknown,
  path: Path,
  value: object,
): Complaint[] {
  const known = knownKeys(path);
  const strange = Object.keys(value).filter((key) => !known.includes(key));
  if (strange.length > 0) return strange.map((key) => unknownKey(path, key));
  const fits = (branch: readonly $ZodIssue[]) =>
    branch.every(({ code, path: inside }) => code !== 'unrecognized_keys' && inside.length > 0);
  const branch = Object.keys(value).length > 0 ? issue.errors.find(fits) : undefined;
  if (!branch) return [mustBe(path, value, issue.message)];
  return branch.flatMap((inner) => describeIssue(inner, document, path));
}

function unknownKey(path: Path, key: string): Complaint {
  const known = knownKeys(path);
  const meant = nearestName(key, known);
  const right = meant ? `did you mean ${meant}?` : `known here are ${known.join(', ')}`;
  return { path: [...path, key], about: 'key', message: `unknown key ${quoted(key)}: ${right}` };
}

function mustBe(path: Path, value: unknown, right: string, values: readonly string[] = []): Complaint {
  const name = path.at(-1);
  if (value === undefined && name !== undefined) {
    const owner = path.length > 1 ? `${shownPath(path.slice(0, -1))} has no` : 'there is no';
    return { path, about: 'value', message: `${owner} ${name}: it must be ${right}` };
  }
  const is = found(path, value, right);
  const meant = typeof value === 'string' ? nearestName(value, values) : undefined;
  const tail = `${is === '' ? '' : `, ${is}`}${meant && meant !== value ? `: did you mean ${meant}?` : ''}`;
  return { path, about: 'value', message: `${shownPath(path) || 'the file'} must be ${right}${tail}` };
}

function found(path: Path, value: unknown, right: string): string {
  if (value === null) return 'not nothing';
  if (Array.isArray(value)) return 'not a list';
  if (isMap(value)) return '';
  // Where a map belongs, a text is something pasted.
  if (typeof value === 'string' && /\ba (map|list)\b/.test(right)) return 'not a text';
  // What connects may be a password in the wrong place.
  if (path.includes('connection') && !path.includes('sslmode') && !path.includes('pooler')) return '';
  return isQuotable(String(value)) ? `not ${String(value)}` : '';
}

function isQuotable(text: string): boolean {
  return text.length <= 40 && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(text) && !looksSecret(text);
}

/** A key or name as it stands in the file, if it may be shown. */
export function quoted(name: unknown): string {
  const text = String(name);
  return isQuotable(text) ? JSON.stringify(text) : 'this name';
}

/** profiles.orders-db.port, groups.shop[1] */
export function shownPath(path: Path): string {
  let shown = '';
  for (const part of path.slice(0, 12)) {
    if (typeof part === 'number') shown += `[${part}]`;
    else shown += `${shown === '' ? '' : '.'}${isQuotable(part) ? part : '…'}`;
  }
  return shown;
}

export function valueAt(document: unknown, path: Path): unknown {
  let value: unknown = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
