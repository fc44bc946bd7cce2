import { type ErrorEntry, nothing, say } from './error-entry.ts';

/** Of databases behind the gateway, and of the passwords that they take. */
export const databaseErrors = {
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
  'SP-DB-ROLE': {
    retry: 'user',
    exitCode: 8,
    headline: (d) =>
      `${say(d.pod, 'the server')} is ${d.role ? `a ${d.role}` : 'of unknown role'}, and this tunnel is for the ${say(d.wanted, 'other')}`,
    next: (d) =>
      `point the profile at the ${say(d.wanted, 'right')} server, or take connection.serverRole out of it`,
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
  'SP-SECRET-MISSING': {
    retry: 'user',
    exitCode: 7,
    headline: (d) =>
      `the ${say(d.object, 'Secret')} ${say(d.secret, 'of the profile')} does not exist in namespace ${say(d.namespace, 'default')}`,
    next: (d) =>
      `kubectl get ${d.object ? 'configmaps' : 'secrets'} -n ${say(d.namespace, 'default')}; correct what the profile names`,
  },
  'SP-SECRET-KEY': {
    retry: 'user',
    exitCode: 7,
    headline: (d) =>
      `the ${say(d.object, 'Secret')} ${say(d.secret, 'of the profile')} has ${say(d.message, 'no password')} under the key ${say(d.key, '')}`,
    next: (d) => (d.known ? `keys there are: ${d.known}` : 'correct what the profile names'),
  },
  'SP-SECRET-NONE': {
    retry: 'user',
    exitCode: 7,
    headline: (d) =>
      `no credentials${d.user ? ` for role ${d.user}` : ''} were found for ${say(d.target, 'the target')}${d.refused ? ` but those of ${d.refused}` : ''}`,
    next: (d) =>
      say(
        d.next,
        d.looked
          ? `looked for Secrets ${d.looked}; name another in the profile: connection.password.secret: {name, key}`
          : 'name the Secret in the profile: connection.password.secret: {name, key}',
      ),
  },
  'SP-SECRET-CHOICE': {
    retry: 'user',
    exitCode: 7,
    headline: (d) => `several roles of ${say(d.target, 'the target')} have a Secret: ${say(d.known, '')}`,
    next: (d) => say(d.next, 'name the role in the profile: connection.user'),
  },
  'SP-PASSWORD-SOURCE': {
    retry: 'user',
    exitCode: 9,
    headline: (d) => `the password is not there: ${say(d.message, 'what the profile names has none')}`,
    next: (d) => say(d.next, 'correct what connection.password of the profile names'),
  },
  /** At the gateway, by a local program. why: wrong-password, expired-password, unknown-role, or what it did instead of logging in. */
  'SP-GATEWAY-LOGIN': {
    retry: 'user',
    exitCode: 4,
    headline: (d) => {
      switch (d.why) {
        case 'expired-password':
          return 'a program gave a password of the tunnel that has expired';
        case 'unknown-role':
          return `a program asked for the role ${say(d.user, '')}, which is not the one of the tunnel`;
        case 'wrong-password':
          return 'a program did not know the password of the tunnel';
        default:
          return `the gateway did not let a program in: ${say(d.why, 'it did not log in')}`;
      }
    },
    next: (d) => `sallyport password ${say(d.tunnel, 'NAME')} --local prints the one that it takes`,
  },
  'SP-PASSWORD-REQUIRED': {
    retry: 'user',
    exitCode: 4,
    headline: (d) => `the password for ${say(d.tunnel, 'this tunnel')} is not kept here yet`,
    next: (d) => `sallyport password ${say(d.tunnel, 'NAME')} asks for it and keeps it`,
  },
  'SP-PASSWORD-WITHHELD': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `the password of ${say(d.tunnel, 'this tunnel')} is not given to programs: others wrote its profile, and without the gateway nobody sees to how it is sent`,
    next: (d) => say(d.next, 'take policy.gateway: false out of the profile, or copy it to your own file'),
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
    next: (d) => say(d.next, 'run the command in a terminal: it asks for the passphrase'),
  },
  'SP-PASSPHRASE-REFUSED': {
    retry: 'user',
    exitCode: 4,
    headline: (d) => say(d.message, 'this is not the passphrase'),
    next: (d) => say(d.next, 'give another'),
  },
} as const satisfies Record<string, ErrorEntry>;
