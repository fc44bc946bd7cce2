import { type ErrorEntry, nothing, say } from './error-entry.ts';

/** At the local end: ports, clients, and how they wait. */
export const localErrors = {
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
    headline: (d) =>
      `the tunnel's policy allows ${say(d.limit, '')} ${d.limit === 1 ? 'connection' : 'connections'} at one time`,
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
} as const satisfies Record<string, ErrorEntry>;
