import type { LabelSelector, Pod, Workload } from '../kube/types.ts';
import { type Answer, isForbidden, type Look, none, type Question, type Seen, unknown } from './look.ts';
import { hasEnded, isReady, isRunning, isTerminating, portNumber } from './pod-condition.ts';
import { notServing, offer, portUnknown } from './resolve-named-pod.ts';

/** At most so many pods are watched one by one where the user may not list pods. */
const maxNamed = 16;

/** `statefulset/NAME`: its lowest ready ordinal; while none is ready, the lowest that runs. */
export function resolveStatefulSet(look: Look, name: string, question: Question): Answer {
  const seen = look.one('statefulsets', name);
  if (seen.kind !== 'known') return unknown(seen);
  const set = seen.value;
  if (!set) return notFound(question);
  const first = set.spec.ordinals?.start ?? 0;
  const count = Math.min(set.spec.replicas ?? 1, maxNamed);
  const names = Array.from({ length: count }, (_, index) => `${name}-${first + index}`);
  const pods = lookAtPods(look, selectorText(set.spec.selector), names);
  if (pods.kind !== 'known') return unknown(pods);
  const own = ownedBy(set, pods.value).toSorted((a, b) => ordinalOf(a) - ordinalOf(b));
  return choose(own, { ...question, scaledTo: set.spec.replicas }, { offerUnready: true });
}

/** `replicaset/NAME`: a ready pod of it. */
export function resolveReplicaSet(look: Look, name: string, question: Question): Answer {
  const seen = look.one('replicasets', name);
  if (seen.kind !== 'known') return unknown(seen);
  const set = seen.value;
  if (!set) return notFound(question);
  const pods = lookAtPods(look, selectorText(set.spec.selector));
  if (pods.kind !== 'known') return unknown(pods);
  return choose(ownedBy(set, pods.value).toSorted(oldestFirst), { ...question, scaledTo: set.spec.replicas });
}

/** `deployment/NAME`: a ready pod of its selector. The newest first, as a rollout ends the older ones. */
export function resolveDeployment(look: Look, name: string, question: Question): Answer {
  const seen = look.one('deployments', name);
  if (seen.kind !== 'known') return unknown(seen);
  const deployment = seen.value;
  if (!deployment) return notFound(question);
  const selector = selectorText(deployment.spec.selector);
  const pods = lookAtPods(look, selector);
  if (pods.kind !== 'known') return unknown(pods);
  const newestFirst = pods.value.toSorted((a, b) => oldestFirst(b, a));
  return choose(newestFirst, { ...question, selector, scaledTo: deployment.spec.replicas });
}

/** A label selector: a ready pod that it matches, the oldest first as kubectl picks. */
export function resolveSelector(look: Look, selector: string, question: Question): Answer {
  const pods = lookAtPods(look, selector);
  if (pods.kind !== 'known') return unknown(pods);
  return choose(pods.value.toSorted(oldestFirst), { ...question, selector });
}

/** The pods of a selector; where the user may not list pods, those of the names, one by one. */
export function lookAtPods(look: Look, selector: string, names?: readonly string[]): Seen<readonly Pod[]> {
  const listed = look.all('pods', selector);
  if (!names || !isForbidden(listed)) return listed;
  const pods: Pod[] = [];
  for (const seen of names.slice(0, maxNamed).map((name) => look.one('pods', name))) {
    if (seen.kind === 'pending') return seen;
    if (seen.kind === 'failed') return listed;
    if (seen.value) pods.push(seen.value);
  }
  return { kind: 'known', value: pods };
}

interface SetQuestion extends Question {
  readonly selector?: string;
  readonly scaledTo?: number | undefined;
}

/** The pod in use while it is ready, else the first ready one, else the reason of the one that is closest to it. */
function choose(pods: readonly Pod[], question: SetQuestion, { offerUnready = false } = {}): Answer {
  const withPort = pods.flatMap((pod) => {
    const port = portNumber(pod, question.port);
    return port === undefined ? [] : [{ pod, port }];
  });
  const ready = sticky(
    withPort.filter(({ pod }) => isReady(pod)),
    question,
  );
  if (ready) return offer(ready.pod, ready.port, question, true);
  const running = withPort.filter(({ pod, port }) => isRunning(pod, port));
  const unready = offerUnready ? sticky(running, question) : undefined;
  if (unready) return offer(unready.pod, unready.port, question, false);
  const live = pods.find((pod) => !isTerminating(pod) && !hasEnded(pod));
  if (live && withPort.length === 0) return portUnknown(live, question);
  return whyNoneServes(pods, question);
}

/** The pod that was offered last, where it is among these, else the first; or the one after that which is not wanted. */
export function sticky<T extends { readonly pod: Pod }>(
  among: readonly T[],
  { held, after }: Question,
): T | undefined {
  const unwanted = among.findIndex(({ pod }) => pod.metadata.uid === after);
  if (unwanted >= 0) return among[(unwanted + 1) % among.length];
  return among.find(({ pod }) => pod.metadata.uid === held?.uid) ?? among[0];
}

/** The reason of the pod that is closest to serving. */
export function whyNoneServes(pods: readonly Pod[], question: SetQuestion): Answer {
  const closeness = (pod: Pod) => {
    if (isTerminating(pod)) return 0;
    if (hasEnded(pod)) return 1;
    if (!pod.spec.nodeName) return 2;
    return isRunning(pod, portNumber(pod, question.port) ?? 0) ? 4 : 3;
  };
  const closest = pods.toSorted((a, b) => closeness(b) - closeness(a))[0];
  if (closest) return notServing(closest, question);
  const { target, namespace, selector, scaledTo, held } = question;
  if (held && scaledTo !== 0) return none('SP-POD-DELETED', { pod: held.name });
  if (scaledTo !== 0) return none('SP-TARGET-NO-PODS', { target, namespace, selector });
  const message = `${target} is scaled to 0`;
  return none('SP-TARGET-NO-PODS', { target, namespace, selector, message, scaledTo, next: 'scale it up' });
}

export function notFound({ target, namespace }: Question): Answer {
  return none('SP-TARGET-NOT-FOUND', { target, namespace });
}

export function oldestFirst(a: Pod, b: Pod): number {
  const at = (pod: Pod) => pod.metadata.creationTimestamp ?? '';
  return compare(at(a), at(b)) || compare(a.metadata.name, b.metadata.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Selectors may overlap: another workload's pods can carry the same labels. */
function ownedBy(owner: Workload, pods: readonly Pod[]): Pod[] {
  const { uid } = owner.metadata;
  return pods.filter((pod) => pod.metadata.ownerReferences?.some((reference) => reference.uid === uid));
}

function ordinalOf(pod: Pod): number {
  return Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf('-') + 1));
}

/** In the syntax of the API server's labelSelector. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const terms = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'DoesNotExist':
        return `!${key}`;
      default:
        return key;
    }
  });
  return [...equal, ...terms].join(',');
}
