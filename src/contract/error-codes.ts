/**
 * The one table of what can go wrong: for each code how it is retried, which exit code it ends a
 * command with, and the sentences a person reads. Plain data, no schema library: it is on the path to the first byte.
 */

/** auto: recovers without a click. user: waits for one action, named in `next`. never: asking again cannot help. */
export type RetryClass = 'auto' | 'user' | 'never';

/** Facts about one failure, ready to cross a process boundary. Never holds a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>;

interface ErrorEntry {
  readonly retry: RetryClass;
  readonly exitCode: number;
  /** What happened, one sentence without a full stop, in the words of Kubernetes and Postgres. */
  readonly headline: (d: ErrorDetails) => string;
  /** What the person can do next; empty where nothing is to be done. */
  readonly next: (d: ErrorDetails) => string;
}

const nothing = () => '';
const say = (value: ErrorDetails[string], otherwise: string) =>
  value === undefined || value === '' ? otherwise : String(value);

const targetKinds = ['pod', 'statefulset', 'service', 'deployment', 'replicaset'];

/** What kubectl lists, to find the right name of a target. */
function resourceOf(target: ErrorDetails[string]): string {
  const [kind = ''] = String(target ?? '').split('/');
  return targetKinds.includes(kind) ? `${kind}s` : 'pods,statefulsets,services,deployments';
}

/**
 * Exit codes: 0 done, 1 unexpected, 2 usage, 3 kubeconfig, 4 log in, 5 not allowed, 6 API server,
 * 7 target, 8 connection into the pod, 9 this machine. A command that a signal ends as asked ends with 0, as kubectl does.
 */
export const errorTable = {
  'SP-INTERNAL': {
    retry: 'never',
    exitCode: 1,
    headline: (d) => `Sallyport met an unexpected error: ${say(d.message, 'no message')}`,
    next: () => 'run again with --verbose and report what it prints',
  },
  'SP-USAGE': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => say(d.message, 'the command line cannot be read'),
    next: (d) => say(d.next, 'sallyport help forward'),
  },
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
  'SP-LOCAL-PORT-IN-USE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) =>
      `${say(d.address, '127.0.0.1')}:${say(d.port, '')} is in use${d.owner ? ` by ${d.owner}` : ''}`,
    next: (d) =>
      say(
        d.next,
        d.profile
          ? `end that program, or sallyport profile edit ${d.profile} --local PORT`
          : 'end that program, or name another local port (`:REMOTE` takes a free one)',
      ),
  },
  'SP-LOCAL-ADDRESS': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `cannot listen on ${say(d.address, '')}: ${say(d.message, '')}`,
    next: (d) => say(d.next, 'name an address of this machine with --address'),
  },
  'SP-PEER-DENIED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => {
      if (d.program !== undefined)
        return `${d.program}${d.pid === undefined ? '' : ` (pid ${d.pid})`} is not among the programs that may use this tunnel`;
      if (d.uid !== undefined)
        return `a program of ${d.uid === 0 ? 'root' : `user ${d.uid}`} may not use this tunnel`;
      return 'a connection was refused: it ended, or is of another user, so that no program could be found';
    },
    next: (d) =>
      say(
        d.next,
        d.program === undefined
          ? 'connect as the user that runs Sallyport'
          : "name its path among the `programs` of the profile's policy",
      ),
  },
  /** Nothing that a policy has decided. reason: gone, busy, slow, failed. */
  'SP-PEER-UNKNOWN': {
    retry: 'auto',
    exitCode: 9,
    headline: (d) => {
      switch (d.reason) {
        case 'gone':
          return 'a connection was refused: it closed before it could be told whose it is';
        case 'busy':
          return 'a connection was refused: too many others wait to be told whose they are';
        case 'slow':
          return 'a connection was refused: it took too long to tell whose it is';
        default:
          return 'a connection was refused: it could not be told whose it is';
      }
    },
    next: (d) =>
      say(
        d.next,
        d.reason === 'gone' ? 'let its program wait for an answer before it closes' : 'connect again',
      ),
  },
  'SP-CONNECTION-LIMIT': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `the tunnel's policy allows ${say(d.limit, '')} connections at one time`,
    next: () => 'close one of those that are open',
  },
  'SP-HOLD-TIMEOUT': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `no pod could serve a connection for ${say(d.heldMs, '')} ms`,
    next: () => '--hold sets how long a connection waits',
  },
  'SP-HOLD-FULL': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `more than ${say(d.limit, '')} connections wait for a pod`,
    next: nothing,
  },
  'SP-DB-STARTING': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `the database in ${say(d.pod, 'the pod')} is not ready: ${say(d.message, 'it starts')}`,
    next: nothing,
  },
  'SP-DB-PASSWORD-REFUSED': {
    retry: 'user',
    exitCode: 8,
    headline: (d) =>
      `the database refused the password that Sallyport holds for role ${say(d.user, 'of this tunnel')}`,
    next: (d) => say(d.next, 'renew the password at its source; it is read again by the next connection'),
  },
  'SP-DB-NO-CREDENTIALS': {
    retry: 'user',
    exitCode: 8,
    headline: (d) => `there is no password for the database: ${say(d.message, 'its source gave none')}`,
    next: (d) => say(d.next, 'check the credential source in the profile'),
  },
  'SP-DB-AUTH-UNSUPPORTED': {
    retry: 'user',
    exitCode: 8,
    headline: (d) => `the database asks for ${say(d.method, 'a login')}, which is not done here`,
    next: (d) => say(d.next, 'SCRAM-SHA-256 in pg_hba.conf is best'),
  },
  'SP-DB-TLS': {
    retry: 'user',
    exitCode: 8,
    headline: (d) => `no TLS as asked for with the database: ${say(d.message, 'it was refused')}`,
    next: (d) => say(d.next, 'check sslmode, the CA and the name to verify in the profile'),
  },
  'SP-DB-FULL': {
    retry: 'auto',
    exitCode: 8,
    headline: (d) => `the database has no free connection: ${say(d.message, 'its limit is reached')}`,
    next: nothing,
  },
  'SP-DB-REFUSED': {
    retry: 'user',
    exitCode: 8,
    headline: (d) => `the database refused the login: ${say(d.message, 'no reason given')}`,
    next: (d) => say(d.next, 'check database, role and pg_hba.conf'),
  },
  'SP-DB-READ-ONLY': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `this tunnel is read-only: ${say(d.message, 'that is refused')}`,
    next: (d) => say(d.next, 'take a profile that may write'),
  },
  'SP-DB-POLICY': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `the policy of this tunnel refuses the database: ${say(d.message, 'it forbids this')}`,
    next: (d) => say(d.next, 'take another role or profile'),
  },
  'SP-DB-PROTOCOL': {
    retry: 'never',
    exitCode: 8,
    headline: (d) =>
      `what listens in ${say(d.pod, 'the pod')} does not speak PostgreSQL: ${say(d.message, '')}`,
    next: nothing,
  },
  'SP-PROFILE-INVALID': {
    retry: 'user',
    exitCode: 2,
    headline: (d) => `${say(d.profile, 'a profile')} is refused: ${say(d.message, 'its file has errors')}`,
    next: (d) => say(d.next, 'correct the file; sallyport profile validate lists all that is wrong'),
  },
  'SP-PROFILE-UNKNOWN': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is no profile ${say(d.profile, 'of this name')}`,
    next: (d) => (d.meant ? `did you mean ${d.meant}?` : 'sallyport list shows all profiles'),
  },
  'SP-PROFILE-UNTRUSTED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      d.changed
        ? `${say(d.profile, 'this profile')} has changed since you agreed to it`
        : `you have not agreed yet to ${say(d.profile, 'this profile')}, which is shared with you`,
    next: (d) => say(d.next, `sallyport profile trust ${say(d.profile, 'NAME')} shows it and asks`),
  },
  'SP-PROFILE-STALE': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `${say(d.profile, 'what you agreed to')} has changed while it was shown`,
    next: () => 'look at it as it is now, and agree again',
  },
  'SP-PROFILE-EXISTS': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is a ${say(d.what, 'profile')} ${say(d.profile, 'of this name')} already`,
    next: (d) => say(d.next, 'choose another name'),
  },
  'SP-PROFILE-EDIT': {
    retry: 'user',
    exitCode: 2,
    headline: (d) => `${say(d.file, 'the file')} cannot be edited: ${say(d.message, '')}`,
    next: (d) => say(d.next, 'edit it by hand; sallyport profile validate checks it'),
  },
  'SP-PROFILE-EDIT-CONFLICT': {
    retry: 'auto',
    exitCode: 9,
    headline: (d) => `${say(d.file, 'the file')} is being changed by another program`,
    next: () => 'nothing was written; try again',
  },
  'SP-PROFILE-SOURCE': {
    retry: 'auto',
    exitCode: 9,
    headline: (d) => `the profiles of ${say(d.source, 'a source')} cannot be had: ${say(d.message, '')}`,
    next: (d) => say(d.next, ''),
  },
  'SP-PROFILE-LIMIT': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `there are more than ${say(d.limit, '')} ${say(d.what, 'of these')}`,
    next: nothing,
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
  'SP-PROFILE-OFF': {
    retry: 'user',
    exitCode: 2,
    headline: (d) => `${say(d.profile, 'this profile')} is kept but switched off`,
    next: () => 'remove `off: true` from it, or set `off: false` in overrides of your own file',
  },
  'SP-TUNNEL-UNKNOWN': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is no tunnel ${say(d.name, 'of this name')}`,
    next: (d) => (d.meant ? `did you mean ${d.meant}?` : 'sallyport list shows all of them'),
  },
  'SP-TUNNEL-TAKEN': {
    retry: 'user',
    exitCode: 2,
    headline: (d) =>
      `there is a tunnel ${say(d.name, 'of this name')} already, and it leads to ${say(d.leadsTo, 'another place')}`,
    next: (d) => `sallyport down ad-hoc/${say(d.name, 'NAME')}, or give this one another name: --as NAME`,
  },
  'SP-GROUP-UNKNOWN': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is no group ${say(d.name, 'of this name')}`,
    next: (d) => (d.meant ? `did you mean ${d.meant}?` : 'sallyport list shows all of them'),
  },
  'SP-CONFIRM-REQUIRED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `${say(d.tunnel, 'this tunnel')} opens only when you say yes`,
    next: (d) =>
      d.prolong
        ? `sallyport up ${say(d.tunnel, 'NAME')} --prolong --yes`
        : `sallyport up ${say(d.tunnel, 'NAME')} asks; --yes says it beforehand`,
  },
  'SP-REASON-REQUIRED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `${say(d.tunnel, 'this tunnel')} opens only with a reason`,
    next: (d) =>
      `sallyport up ${say(d.tunnel, 'NAME')}${d.prolong ? ' --prolong' : ''} --reason ${d.example ? JSON.stringify(d.example) : 'TEXT'}`,
  },
  'SP-REASON-MISMATCH': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `the reason does not match ${say(d.pattern, 'what the policy asks for')}`,
    next: (d) => (d.example ? `as ${d.example}` : 'give one that matches'),
  },
  'SP-TIME-LIMIT': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.tunnel, 'this tunnel')} has ended: its time limit of ${say(d.limit, 'its policy')} was over`,
    next: (d) => `sallyport up ${say(d.tunnel, 'NAME')}`,
  },
  'SP-IDLE-LIMIT': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.tunnel, 'this tunnel')} has ended: nobody was connected for ${say(d.limit, 'the idle limit')}`,
    next: (d) => `sallyport up ${say(d.tunnel, 'NAME')}`,
  },
  'SP-POLICY-UNENFORCED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.tunnel, 'this tunnel')} does not open: its policy asks for ${say(d.policy, 'something')}, which takes the gateway`,
    next: (d) => say(d.next, 'take it out of the policy, or have the one who owns the profile do so'),
  },
  'SP-QUESTION-GONE': {
    retry: 'never',
    exitCode: 1,
    headline: () => 'this question is answered already, or is asked no more',
    next: nothing,
  },
  'SP-DAEMON-NOT-RUNNING': {
    retry: 'user',
    exitCode: 9,
    headline: () => 'the Sallyport daemon is not running',
    next: () => 'sallyport daemon',
  },
  'SP-DAEMON-START': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `the Sallyport daemon did not start: ${say(d.message, 'it did not answer')}`,
    next: (d) => say(d.next, 'run `sallyport daemon` to see why'),
  },
  'SP-DAEMON-RUNNING': {
    retry: 'never',
    exitCode: 9,
    headline: (d) =>
      `a Sallyport daemon runs already (pid ${say(d.pid, 'unknown')}${d.version ? `, version ${d.version}` : ''})`,
    next: () => 'sallyport daemon stop ends it',
  },
  'SP-DAEMON-VERSION': {
    retry: 'user',
    exitCode: 9,
    headline: (d) =>
      `the daemon is version ${say(d.daemon, 'unknown')}, this program ${say(d.client, 'unknown')}: they cannot talk`,
    next: () => 'sallyport daemon restart; what is wanted comes back on the same ports',
  },
  'SP-DAEMON-LOST': {
    retry: 'auto',
    exitCode: 9,
    headline: (d) => `the daemon did not answer: ${say(d.message, 'the connection ended')}`,
    next: (d) => say(d.next, ''),
  },
  'SP-DAEMON-STOPPING': {
    retry: 'auto',
    exitCode: 9,
    headline: () => 'the daemon is about to end',
    next: nothing,
  },
  'SP-DAEMON-INSTALL': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `the daemon cannot be installed: ${say(d.message, 'this platform is not known')}`,
    next: (d) => say(d.next, 'start `sallyport daemon` yourself at login'),
  },
  'SP-AUDIT-UNAVAILABLE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) =>
      `${d.tunnel ? `${d.tunnel} is a production tunnel, and ` : ''}the audit log cannot be written${d.code ? ` (${d.code})` : ''}`,
    next: (d) =>
      `${d.full ? 'free space' : 'see who may write'} in ${say(d.folder, "the daemon's data folder")}`,
  },
  'SP-AUDIT-ABSENT': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => say(d.message, 'there is no such audit log or line'),
    next: () => 'sallyport audit list',
  },
  'SP-AUDIT-BROKEN': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `the audit log ${say(d.log, '')} is ${say(d.verdict, 'not what was written')}`,
    next: () => 'keep the files as they are, and ask whoever receives copies of them',
  },
  'SP-FOLDER-UNSAFE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `${say(d.path, 'a folder')} is not private: ${say(d.message, 'others may write to it')}`,
    next: (d) => say(d.next, 'make it yours alone (chmod go-w, chown)'),
  },
  'SP-STATE-UNWRITABLE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `${say(d.path, 'the state')} cannot be written: ${say(d.message, 'the disk refuses')}`,
    next: () => 'make room on the disk; until then what changes is forgotten when the daemon ends',
  },
  'SP-STATE-UNREADABLE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `${say(d.path, 'the state')} cannot be used: ${say(d.message, 'it is damaged')}`,
    next: (d) => say(d.next, 'move it away; then nothing is wanted'),
  },
  'SP-IMPORT': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `this cannot be imported: ${say(d.message, 'its format is not known')}`,
    next: (d) =>
      say(d.next, 'kftray and kube-forwarder exports and a kubectl port-forward command can be imported'),
  },
  'SP-SECRET-MISSING': {
    retry: 'user',
    exitCode: 7,
    headline: (d) =>
      `the Secret ${say(d.secret, 'of the profile')} does not exist in namespace ${say(d.namespace, 'default')}`,
    next: (d) => `kubectl get secrets -n ${say(d.namespace, 'default')}; correct what the profile names`,
  },
  'SP-SECRET-KEY': {
    retry: 'user',
    exitCode: 7,
    headline: (d) =>
      `the Secret ${say(d.secret, 'of the profile')} has ${say(d.message, 'no password')} under the key ${say(d.key, '')}`,
    next: (d) => (d.known ? `keys there are: ${d.known}` : 'correct what the profile names'),
  },
  'SP-PASSWORD-SOURCE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `the password is not there: ${say(d.message, 'what the profile names has none')}`,
    next: (d) => say(d.next, 'correct what connection.password of the profile names'),
  },
  'SP-PASSWORD-REQUIRED': {
    retry: 'user',
    exitCode: 4,
    headline: (d) => `the password for ${say(d.tunnel, 'this tunnel')} is not kept here yet`,
    next: (d) => `sallyport password ${say(d.tunnel, 'NAME')} asks for it and keeps it`,
  },
  'SP-KEYCHAIN': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `the keychain cannot be used: ${say(d.message, 'it does not answer')}`,
    next: (d) => say(d.next, 'unlock it, or set passwords.keepIn in settings.yaml to file or memory'),
  },
  'SP-PASSPHRASE-REQUIRED': {
    retry: 'user',
    exitCode: 4,
    headline: (d) =>
      d.isNew
        ? 'the file that passwords are to be kept in has no passphrase yet'
        : 'the file that passwords are kept in is locked',
    next: () => 'run the command in a terminal: it asks for the passphrase',
  },
  'SP-PASSPHRASE-REFUSED': {
    retry: 'user',
    exitCode: 4,
    headline: (d) => say(d.message, 'this is not the passphrase'),
    next: (d) => say(d.next, 'give another'),
  },
  'SP-PROGRAM-MISSING': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `there is no program ${say(d.program, 'of this name')}`,
    next: (d) => say(d.next, 'install it, or correct PATH'),
  },
  'SP-SANDBOX-START': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `the sandbox cluster did not start: ${say(d.message, '')}`,
    next: (d) => say(d.next, ''),
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** One failure as data: what crosses processes, what a state carries. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

export interface ErrorText {
  readonly headline: string;
  readonly why: string;
  readonly next: string;
}

/** The sentences of one failure. `why` is the cluster's own words where it sent some (details.why). */
export function errorText({ code, details }: ErrorData): ErrorText {
  // A newer peer may know codes that this one does not.
  const entry: ErrorEntry | undefined = errorTable[code];
  if (!entry)
    return { headline: printable(`${code}: ${say(details.message, 'no details')}`), why: '', next: '' };
  return {
    headline: printable(entry.headline(details)),
    why: printable(String(details.why ?? '')),
    next: printable(entry.next(details)),
  };
}

/** What a cluster, a pod or a proxy says may hold escape sequences for the terminal. Line breaks and tabs stay. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}
