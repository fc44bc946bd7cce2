/**
 * A profile that is being written is its YAML text, and nothing else: the form reads values out of it and writes them back into it, so that
 * going from one to the other loses nothing, not even a comment or what is not right yet.
 */
import { type Document, isAlias, isCollection, isMap, parseDocument } from 'yaml';

export type FieldPath = readonly string[];
/** undefined takes the key out. */
export type FieldValue = string | number | boolean | readonly string[] | object | undefined;
/** What the text says, as plain values. */
export type ProfileTree = Readonly<Record<string, unknown>>;

export interface FieldChange {
  readonly path: FieldPath;
  readonly value: FieldValue;
}

/** As the daemon reads a profile's file, which says what is wrong with it. */
function parse(text: string): Document {
  return parseDocument(text, { prettyErrors: false, stringKeys: true, uniqueKeys: false, logLevel: 'error' });
}

/** Undefined where there is no form for it: it is no YAML, or no map. */
export function readTree(text: string): ProfileTree | undefined {
  const document = parse(text);
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) return {};
  if (!isMap(document.contents)) return undefined;
  try {
    return document.toJS({ maxAliasCount: 100 }) as ProfileTree;
  } catch {
    return undefined;
  }
}

export function valueAt(tree: unknown, path: FieldPath): unknown {
  let value = tree;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** The text with other values at some places; of the rest, comments and order stay. Where there is no form for it, it is left alone. */
export function changeText(text: string, changes: readonly FieldChange[]): string {
  if (readTree(text) === undefined) return text;
  const document = parse(text);
  if (document.contents === null) document.contents = document.createNode({});
  for (const { path, value } of changes) {
    if (value === undefined) remove(document, path);
    else set(document, path, value);
  }
  return written(document);
}

/** A profile that nobody has written yet. */
export function textOf(profile: object): string {
  const document = parse('');
  document.contents = document.createNode(profile);
  return written(document);
}

function written(document: Document): string {
  if (isMap(document.contents) && document.contents.items.length === 0 && !document.commentBefore) return '';
  return document.toString({ lineWidth: 0 });
}

function set(document: Document, path: FieldPath, value: NonNullable<FieldValue>): void {
  for (let depth = 0; depth < path.length; depth++) {
    const part = path.slice(0, depth);
    const there = depth === 0 ? document.contents : document.getIn(part, true);
    if (isAlias(there)) document.setIn(part, document.createNode(there.resolve(document)?.toJS(document)));
    else if (!isMap(there)) document.setIn(part, document.createNode({}));
    const map = depth === 0 ? document.contents : document.getIn(part, true);
    // {} is how an empty map is written; what comes into it stands on lines of its own.
    if (isMap(map) && map.items.length === 0) map.flow = false;
  }
  document.setIn(path, typeof value === 'object' ? document.createNode(value) : value);
}

/** What is left empty by it goes too: nobody wrote it for its own sake. */
function remove(document: Document, path: FieldPath): void {
  for (let depth = path.length; depth > 0; depth--) {
    const part = path.slice(0, depth);
    if (depth < path.length) {
      const left = document.getIn(part, true);
      if (!isCollection(left) || left.items.length > 0) return;
    }
    if (!document.hasIn(part)) continue;
    document.deleteIn(part);
  }
}
