import { Secret } from '../base/secret.ts';

/** A repository's address apart from the login that stands in it. */
export interface GitAddress {
  /** As arguments may have it: everybody on the machine can read those of a process, and git hands an address on to other programs. */
  readonly address: string;
  readonly login: GitLogin | undefined;
}

export interface GitLogin {
  /** Scheme, host and port: it is for no other server, also where this one leads there. */
  readonly origin: string;
  readonly user: string;
  readonly password: Secret;
}

const userVariable = 'SALLYPORT_GIT_USER';
const passwordVariable = 'SALLYPORT_GIT_PASSWORD';

/** Of https alone: another address, or one without a password, is as it was. */
export function splitGitAddress(git: string): GitAddress {
  const url = git.startsWith('https://') ? URL.parse(git) : null;
  if (!url?.password) return { address: git, login: undefined };
  const login = {
    origin: url.origin,
    user: decoded(url.username),
    password: new Secret(decoded(url.password)),
  };
  url.username = url.password = '';
  return { address: url.href, login };
}

/** Has git ask its environment, which is its user's alone to read, instead of the user's keepers of passwords. */
export function loginArguments(login: GitLogin | undefined): string[] {
  if (!login) return [];
  const print = `printf 'username=%s\\npassword=%s\\n' "$${userVariable}" "$${passwordVariable}"`;
  const helper = `!f() { test "$1" = get && ${print}; }; f`;
  return ['-c', 'credential.helper=', '-c', `credential.${login.origin}.helper=${helper}`];
}

export function loginEnvironment(login: GitLogin | undefined): Record<string, string> {
  return login ? { [userVariable]: login.user, [passwordVariable]: login.password.reveal() } : {};
}

/** As git reads it: what is no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
