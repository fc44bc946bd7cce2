import { AppError } from '../base/app-error.ts';
import type { Target } from './target.ts';

type NamedKind = Exclude<Target['kind'], 'selector'>;

const kindNames: Readonly<Record<NamedKind, readonly string[]>> = {
  pod: ['pod', 'pods', 'po'],
  statefulset: ['statefulset', 'statefulsets', 'sts'],
  service: ['service', 'services', 'svc'],
  deployment: ['deployment', 'deployments', 'deploy'],
  replicaset: ['replicaset', 'replicasets', 'rs'],
};

const forms =
  'pod/NAME, statefulset/NAME[/ORDINAL], service/NAME, deployment/NAME, or a selector as app=NAME';
const maxSelectorLength = 2_000;
const maxOrdinal = 2 ** 31 - 1;

/**
 * Reads what a person names: `pod/NAME`, `NAME` (a pod, as for kubectl), `sts/NAME/0`, `svc/NAME`, `deploy/NAME`, `rs/NAME`, their
 * long and plural forms, `selector/app=x` or `app=x,tier!=y`. Throws SP-USAGE that says what would be right.
 */
export function parseTarget(text: string): Target {
  if (text === '') throw usage('there is no target');
  const slash = text.indexOf('/');
  const prefix = slash < 0 ? undefined : text.slice(0, slash).toLowerCase();
  if (prefix === 'selector') return selectorTarget(text.slice(slash + 1));
  const kind = prefix === undefined ? undefined : kindOf(prefix);
  if (kind === undefined) {
    if (looksLikeSelector(text)) return selectorTarget(text);
    if (prefix === undefined) return { kind: 'pod', name: checkName('pod', text) };
    throw usage(`${quoted(prefix)} is no kind of target`);
  }
  const [name = '', ...rest] = text.slice(slash + 1).split('/');
  if (kind === 'statefulset') return statefulSetTarget(checkName(kind, name), rest);
  if (rest.length > 0) throw usage(`${quoted(text)} has a part too many`, `${kind}/NAME`);
  return { kind, name: checkName(kind, name) };
}

function kindOf(prefix: string): NamedKind | undefined {
  const ofApps = /^(.+?)(?:\.v1)?\.apps$/.exec(prefix)?.[1];
  const name = ofApps ?? prefix;
  for (const [kind, names] of Object.entries(kindNames) as [NamedKind, readonly string[]][]) {
    const inApps = kind !== 'pod' && kind !== 'service';
    if (names.includes(name) && (ofApps === undefined || inApps)) return kind;
  }
  return undefined;
}

function statefulSetTarget(name: string, rest: readonly string[]): Target {
  const [ordinal] = rest;
  if (ordinal === undefined) return { kind: 'statefulset', name };
  const number = Number(ordinal);
  if (rest.length > 1 || !/^(0|[1-9]\d*)$/.test(ordinal) || number > maxOrdinal) {
    throw usage(
      `${quoted(rest.join('/'))} is no ordinal of statefulset/${name}`,
      `a number as in statefulset/${name}/0`,
    );
  }
  return { kind: 'statefulset', name, ordinal: number };
}

/** The terms of a selector are left to the API server, which knows all of them; what can be no selector is refused here. */
function selectorTarget(text: string): Target {
  const selector = text.trim();
  const right = 'a selector as app=orders,tier!=cache or "app in (orders,billing)"';
  if (selector === '')
    throw usage('the selector is empty, which would mean every pod of the namespace', right);
  if (selector.length > maxSelectorLength) {
    throw usage(`the selector is longer than ${maxSelectorLength} characters`, right);
  }
  if (!/^[\w./!=,() \t-]+$/.test(selector)) throw usage(`${quoted(selector)} is no label selector`, right);
  return { kind: 'selector', selector };
}

function looksLikeSelector(text: string): boolean {
  return text.includes('=') || text.startsWith('!') || /\s(?:in|notin)\s*\(/.test(text);
}

/** Services are named by DNS labels, the others by DNS subdomains (RFC 1123). */
function checkName(kind: NamedKind, name: string): string {
  const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
  const isService = kind === 'service';
  const pattern = new RegExp(isService ? `^${label}$` : `^${label}(?:\\.${label})*$`);
  const maxLength = isService ? 63 : 253;
  if (name === '') throw usage(`the name of the ${kind} is missing`, `${kind}/NAME`);
  if (name.length > maxLength) {
    throw usage(`a ${kind}'s name has at most ${maxLength} characters, this one has ${name.length}`);
  }
  if (!pattern.test(name)) {
    const allowed = `lower case letters, digits and "-"${isService ? '' : ' and "."'}`;
    throw usage(`${quoted(name)} is no name of a ${kind}: names are made of ${allowed}`);
  }
  return name;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function usage(message: string, next = forms): AppError {
  return new AppError('SP-USAGE', { message, next });
}
