import type { KubeObject } from './kube-object.ts';
import { badRequest } from './status-error.ts';

export type Matcher = (object: KubeObject) => boolean;

/**
 * A labelSelector query parameter as a predicate: `a=b`, `a==b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, joined by commas.
 * Throws a 400 for what it cannot read, as the API server does.
 */
export function parseLabelSelector(text: string): Matcher {
  const requirements = splitOutsideParentheses(text).map(parseRequirement);
  return ({ metadata }) => requirements.every((holds) => holds(metadata.labels ?? {}));
}

/** A fieldSelector on metadata.name, metadata.namespace (`=`, `==`, `!=`) and, for pods, spec.nodeName and status.phase. */
export function parseFieldSelector(text: string): Matcher {
  const requirements = splitOutsideParentheses(text).map((part) => {
    const [, path = '', operator = '', value = ''] = /^([\w.]+)(==|=|!=)(.*)$/.exec(part) ?? [];
    if (!selectableFields.includes(path)) {
      throw badRequest(`field label not supported: ${path || part}`);
    }
    return (object: KubeObject) => (fieldAt(object, path) === value) === (operator !== '!=');
  });
  return (object) => requirements.every((holds) => holds(object));
}

const selectableFields = ['metadata.name', 'metadata.namespace', 'spec.nodeName', 'status.phase'];

function fieldAt(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const key of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? value : '';
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const labelKey = String.raw`[\w./-]+`;
const setBased = new RegExp(String.raw`^(${labelKey})\s+(in|notin)\s+\(([^()]*)\)$`);
const equality = new RegExp(String.raw`^(${labelKey})\s*(==|=|!=)\s*([\w.-]*)$`);
const existence = new RegExp(String.raw`^(!?)\s*(${labelKey})$`);

function parseRequirement(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  const set = setBased.exec(text);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    // As in Kubernetes, notin and != also match an object without the label.
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in');
  }
  const equal = equality.exec(text);
  if (equal) {
    const [, key = '', operator, value = ''] = equal;
    return (labels) => ((labels[key] ?? '\0') === value) === (operator !== '!=');
  }
  const exists = existence.exec(text);
  if (exists) {
    const [, not, key = ''] = exists;
    return (labels) => key in labels === (not === '');
  }
  throw badRequest(`unable to parse requirement: ${text}`);
}

/** matchLabels (or a Service's selector) as a predicate. An empty one matches nothing here. */
export function matchesLabels(labels: Readonly<Record<string, string>> | undefined): Matcher {
  const wanted = Object.entries(labels ?? {});
  return ({ metadata }) =>
    wanted.length > 0 && wanted.every(([key, value]) => metadata.labels?.[key] === value);
}
