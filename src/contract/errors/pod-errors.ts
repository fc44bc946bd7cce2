import { type ErrorDetails, type ErrorEntry, nothing, say } from './error-entry.ts';

const targetKinds = ['pod', 'statefulset', 'service', 'deployment', 'replicaset'];

/** What kubectl lists, to find the right name of a target. */
function resourceOf(target: ErrorDetails[string]): string {
  const [kind = ''] = String(target ?? '').split('/');
  return targetKinds.includes(kind) ? `${kind}s` : 'pods,statefulsets,services,deployments';
}

/** From what a target names to a stream into its pod. */
export const podErrors = {
  'SP-TARGET-NOT-FOUND': {
    retry: 'auto',
    exitCode: 7,
    headline: (d) =>
      `${say(d.target, 'the target')} does not exist in namespace ${say(d.namespace, 'default')}`,
    next: (d) => say(d.next, `kubectl get ${resourceOf(d.target)} -n ${say(d.namespace, 'default')}`),
  },
  'SP-TARGET-NO-PODS': {
    retry: 'auto',
    exitCode: 7,
    headline: (d) =>
      `no pod belongs to ${say(d.target, 'the target')}${d.selector ? ` (selector ${d.selector})` : ''}${d.message ? `: ${d.message}` : ''}`,
    next: (d) => say(d.next, ''),
  },
  'SP-POD-UNSCHEDULED': {
    retry: 'auto',
    exitCode: 7,
    headline: (d) => `${say(d.pod, 'the pod')} is not scheduled yet${d.message ? `: ${d.message}` : ''}`,
    next: nothing,
  },
  'SP-POD-NOT-READY': {
    retry: 'auto',
    exitCode: 7,
    headline: (d) =>
      `${say(d.pod, 'the pod')} ${say(d.reason, 'is not ready')}${d.restarts ? `, ${d.restarts} ${d.restarts === 1 ? 'restart' : 'restarts'}` : ''}`,
    next: nothing,
  },
  'SP-POD-DELETED': {
    retry: 'auto',
    exitCode: 7,
    headline: (d) => `${say(d.pod, 'the pod')} was deleted`,
    next: nothing,
  },
  'SP-POD-ENDED': {
    retry: 'auto',
    exitCode: 7,
    headline: (d) => `${say(d.pod, 'the pod')} has ended (${say(d.reason, 'Completed')})`,
    next: nothing,
  },
  'SP-PORT-UNKNOWN': {
    retry: 'user',
    exitCode: 7,
    headline: (d) => `${say(d.target, 'the target')} has no port ${say(d.port, '')}`,
    next: (d) => (d.known ? `ports there are: ${d.known}` : ''),
  },
  'SP-TARGET-UNSUPPORTED': {
    retry: 'never',
    exitCode: 7,
    headline: (d) => `${say(d.target, 'this target')} is not supported yet: ${say(d.message, '')}`,
    next: (d) => say(d.next, ''),
  },
  'SP-PORT-REFUSED': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) =>
      `nothing listens on port ${say(d.port, '')} in ${say(d.pod, 'the pod')}${d.known ? `, which declares ${d.known}` : ''}`,
    next: () => 'only listeners on localhost or all addresses of the pod can be reached',
  },
  'SP-SANDBOX-GONE': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `${say(d.pod, 'the pod')} is gone from its node`,
    next: nothing,
  },
  'SP-POD-REPLACED': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `${say(d.pod, 'the pod')} was replaced by a new pod of the same name`,
    next: nothing,
  },
  'SP-SESSION-LOST': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `the connection to ${say(d.pod, 'the pod')} was lost: ${say(d.message, 'closed')}`,
    next: nothing,
  },
  'SP-STREAM-RESET': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `${say(d.pod, 'the pod')} reset the connection${d.message ? `: ${d.message}` : ''}`,
    next: nothing,
  },
  'SP-STREAM-TIMEOUT': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `${say(d.pod, 'the pod')} did not open the connection in time`,
    next: nothing,
  },
  'SP-STREAM-FAILED': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) =>
      `the connection into ${say(d.pod, 'the pod')} failed: ${say(d.message, 'no reason given')}`,
    next: nothing,
  },
  'SP-PROTOCOL': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `the peer broke the SPDY protocol: ${say(d.message, '')}`,
    next: nothing,
  },
} as const satisfies Record<string, ErrorEntry>;
