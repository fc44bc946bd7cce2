import { type ErrorEntry, nothing, say } from './error-entry.ts';

/** Between here and the API server: kubeconfig, credentials, rights, network. */
export const clusterErrors = {
  'SP-KUBECONFIG-MISSING': {
    retry: 'user',
    exitCode: 3,
    headline: (d) => `there is no kubeconfig at ${say(d.path, 'the usual places')}`,
    next: () =>
      'set KUBECONFIG or pass --kubeconfig (a daemon that runs already takes up and keeps KUBECONFIG with `sallyport daemon restart`); `sallyport demo` needs no cluster',
  },
  'SP-KUBECONFIG-INVALID': {
    retry: 'user',
    exitCode: 3,
    headline: (d) => `the kubeconfig ${say(d.path, '')} cannot be used: ${say(d.message, 'invalid')}`,
    next: (d) => say(d.next, 'correct the file'),
  },
  'SP-CONTEXT-UNKNOWN': {
    retry: 'user',
    exitCode: 3,
    headline: (d) => `the kubeconfig has no context ${say(d.context, '(none is current)')}`,
    next: (d) => (d.known ? `contexts there are: ${d.known}` : 'kubectl config get-contexts'),
  },
  'SP-CREDENTIAL-PLUGIN': {
    retry: 'user',
    exitCode: 4,
    headline: (d) => `the credential plugin ${say(d.command, '')} failed: ${say(d.message, 'no output')}`,
    next: (d) => say(d.hint, 'run it by hand in a terminal to see what it asks for'),
  },
  'SP-LOGIN-REQUIRED': {
    retry: 'user',
    exitCode: 4,
    headline: (d) => `the API server does not accept the credentials of ${say(d.user, 'this context')}`,
    next: (d) => say(d.next, 'log in again'),
  },
  'SP-FORBIDDEN': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.user, 'the user of this context')} may not ${say(d.verb, 'reach')} ${say(d.resource, 'this')} in namespace ${say(d.namespace, 'default')}`,
    next: (d) => say(d.next, 'ask the owner of the cluster for a Role with this rule'),
  },
  'SP-ADMISSION-DENIED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `an admission policy of the cluster denies this: ${say(d.message, 'no reason given')}`,
    next: () => 'RBAC allows it, the policy does not: ask its owner',
  },
  'SP-API-UNREACHABLE': {
    retry: 'auto',
    exitCode: 6,
    headline: (d) =>
      `the API server${d.server ? ` ${d.server}` : ''} cannot be reached: ${say(d.message, 'no answer')}`,
    next: () => 'check the network, VPN or proxy',
  },
  'SP-API-TLS': {
    retry: 'user',
    exitCode: 6,
    headline: (d) =>
      `the certificate of ${say(d.server, 'the API server')} is not accepted: ${say(d.message, '')}`,
    next: () => 'check certificate-authority and tls-server-name in the kubeconfig',
  },
  'SP-API-PROXY': {
    retry: 'auto',
    exitCode: 6,
    headline: (d) => `the proxy ${say(d.proxy, '')} refused: ${say(d.message, 'no reason given')}`,
    next: () => 'check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY',
  },
  'SP-API-ERROR': {
    retry: 'auto',
    exitCode: 6,
    headline: (d) => `the API server answered ${say(d.status, 'an error')}: ${say(d.message, 'no message')}`,
    next: nothing,
  },
  'SP-API-GONE': {
    retry: 'auto',
    exitCode: 6,
    headline: () => 'the watch is too old and begins anew',
    next: nothing,
  },
  'SP-UPGRADE-REFUSED': {
    retry: 'auto',
    exitCode: 6,
    headline: (d) =>
      `something on the way to the cluster refuses port-forward upgrades: ${say(d.message, '')}`,
    next: () => 'a proxy between here and the API server must pass "Connection: Upgrade" or WebSockets',
  },
  'SP-CLUSTER-UNKNOWN': {
    retry: 'user',
    exitCode: 3,
    headline: (d) => `no context of the kubeconfig leads to ${say(d.cluster, 'the cluster of this profile')}`,
    next: (d) =>
      d.known
        ? `contexts there are: ${d.known}`
        : 'add the cluster to your kubeconfig; it is read again by itself',
  },
  'SP-CLUSTER-AMBIGUOUS': {
    retry: 'user',
    exitCode: 3,
    headline: (d) =>
      `several contexts lead to ${say(d.cluster, 'the cluster of this profile')}: ${say(d.contexts, '')}`,
    next: (d) =>
      `say which one in your own file: overrides.${say(d.source, 'SOURCE')}.${say(d.name, 'NAME')}.context`,
  },
} as const satisfies Record<string, ErrorEntry>;
