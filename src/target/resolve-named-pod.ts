import type { Pod } from '../kube/types.ts';
import { type Answer, type Look, none, type Question, unknown } from './look.ts';
import {
  hasEnded,
  isReady,
  isRunning,
  isTerminating,
  knownPorts,
  otherPorts,
  podIdentity,
  portNumber,
  whyNotServing,
} from './pod-condition.ts';

/** `pod/NAME`: that pod alone, ready or not, once its container runs. */
export function resolvePod(look: Look, name: string, question: Question): Answer {
  return resolveByName(look, name, question, () => {
    if (question.held) return none('SP-POD-DELETED', { pod: name });
    return none('SP-TARGET-NOT-FOUND', { target: question.target, namespace: question.namespace });
  });
}

/**
 * `statefulset/NAME/ORDINAL`: the pod NAME-ORDINAL alone. The StatefulSet itself is only looked at when that pod is absent, to say why.
 */
export function resolveOrdinal(look: Look, name: string, ordinal: number, question: Question): Answer {
  const podName = `${name}-${ordinal}`;
  return resolveByName(look, podName, question, () => {
    const { target, namespace } = question;
    const seen = look.one('statefulsets', name);
    if (seen.kind === 'pending') return 'pending';
    const set = seen.kind === 'known' ? seen.value : undefined;
    if (seen.kind === 'known' && !set) {
      return none('SP-TARGET-NOT-FOUND', { target: `statefulset/${name}`, namespace });
    }
    const first = set?.spec.ordinals?.start ?? 0;
    const replicas = set?.spec.replicas ?? 1;
    if (set && (ordinal < first || ordinal >= first + replicas)) {
      const ordinals = replicas === 0 ? '' : `: ordinals ${first} to ${first + replicas - 1}`;
      const message = `statefulset/${name} is scaled to ${replicas}${ordinals}`;
      const next = replicas === 0 ? 'scale it up' : 'name one of these, or scale it up';
      return none('SP-TARGET-NO-PODS', { target, namespace, message, scaledTo: replicas, next });
    }
    if (question.held) return none('SP-POD-DELETED', { pod: podName });
    if (!set) return none('SP-TARGET-NOT-FOUND', { target: `pod/${podName}`, namespace });
    return none('SP-TARGET-NO-PODS', { target, namespace, message: `pod ${podName} is not created yet` });
  });
}

function resolveByName(look: Look, name: string, question: Question, absent: () => Answer): Answer {
  const seen = look.one('pods', name);
  if (seen.kind !== 'known') return unknown(seen);
  return seen.value ? offerNamed(seen.value, question) : absent();
}

/** A pod that was named directly is offered as soon as its container runs, as its port may answer before its readiness probe is asked. */
function offerNamed(pod: Pod, question: Question): Answer {
  const gone = isTerminating(pod) || hasEnded(pod);
  const port = portNumber(pod, question.port);
  if (port === undefined && !gone) return portUnknown(pod, question);
  if (port === undefined || !(isReady(pod) || isRunning(pod, port))) return notServing(pod, question);
  return offer(pod, port, question, isReady(pod));
}

export function offer(pod: Pod, port: number, { namespace }: Question, serving: boolean): Answer {
  const others = otherPorts(pod, port);
  return {
    kind: 'pod',
    pod: podIdentity(pod, namespace, port),
    port,
    serving,
    ...(others !== undefined && { otherPorts: others }),
  };
}

/** Why this pod cannot serve now, and its identity where it still may. */
export function notServing(pod: Pod, { port, namespace }: Question): Answer {
  const reason = whyNotServing(pod, port);
  if (isTerminating(pod) || hasEnded(pod)) return { kind: 'none', reason };
  return { kind: 'none', reason, pod: podIdentity(pod, namespace, portNumber(pod, port) ?? 0) };
}

export function portUnknown(pod: Pod, { port, target }: Question): Answer {
  return none('SP-PORT-UNKNOWN', { target, port, known: knownPorts(pod) });
}
