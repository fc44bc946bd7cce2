/** A pasted `kubectl port-forward …`: the flags of kubectl 1.36 and their arguments, wherever they stand. */
import { AppError } from '../../base/app-error.ts';
import type { Profile } from '../../contract/profile.ts';
import { guessKind } from './guess-kind.ts';
import { type Imported, Importing, type ImportOptions } from './imported.ts';
import { shellWords } from './shell-words.ts';

const maxLength = 10_000;

const shorthands: Readonly<Record<string, string>> = {
  n: 'namespace',
  s: 'server',
  v: 'v',
  l: 'selector',
  h: 'help',
};

/** Flags without an argument; `--flag=false` is possible. */
const switches = new Set([
  ...[
    'insecure-skip-tls-verify',
    'match-server-version',
    'warnings-as-errors',
    'disable-compression',
    'help',
    'add-dir-header',
  ],
  ...['alsologtostderr', 'logtostderr', 'one-output', 'skip-headers', 'skip-log-headers'],
]);

/** Flags that a profile has a place for. */
const carried = new Set(['namespace', 'context', 'address', 'server', 'selector']);

/** Why a flag is left out. What is not named here and no switch takes an argument. */
const reasons: Readonly<Record<string, string>> = {
  kubeconfig: 'contexts are looked up in your kubeconfig: add that file to KUBECONFIG',
  user: 'the user comes from the context',
  cluster: 'the cluster comes from the context',
  as: 'impersonation comes from the context',
  'as-group': 'impersonation comes from the context',
  'as-uid': 'impersonation comes from the context',
  'as-user-extra': 'impersonation comes from the context',
  token: 'a profile never holds a secret: credentials come from the context',
  username: 'credentials come from the context',
  password: 'a profile never holds a secret: credentials come from the context',
  'client-key': 'credentials come from the context',
  'client-certificate': 'credentials come from the context',
  'certificate-authority': 'the CA comes from the context',
  'tls-server-name': 'it comes from the context',
  'insecure-skip-tls-verify': 'it comes from the context',
  'pod-running-timeout': 'a tunnel waits for its pod as long as it is up',
  'request-timeout': 'Sallyport has its own limits',
};

/** Throws SP-IMPORT with what cannot be read. No message repeats the value of a flag. */
export function importKubectlLine(line: string, options: ImportOptions = {}): Imported {
  if (line.length > maxLength) throw refused(`it is longer than ${maxLength} characters`);
  const split = shellWords(line.trim().replace(/^[$#%>❯]\s+/, ''));
  if (split.kind === 'unreadable') throw refused(split.why);
  const { flags, words } = readArguments(afterProgram(split.words));
  const [command, target, ...ports] = words;
  if (command !== 'port-forward') throw refused('it is not kubectl port-forward');
  const selector = flags.get('selector')?.at(-1);
  const named = selector === undefined ? target : `selector/${selector}`;
  const specs = selector === undefined || target === undefined ? ports : [target, ...ports];
  if (named === undefined) throw refused('it names no target');
  if (specs.length === 0) throw refused('it names no port');

  const importing = new Importing(options);
  for (const name of flags.keys()) {
    if (!carried.has(name)) importing.leaveOut(`--${name}`, reasons[name] ?? 'a profile has no place for it');
  }
  const server = flags.get('server')?.at(-1);
  const context = flags.get('context')?.at(-1) ?? (server === undefined ? options.context : undefined);
  if (context === undefined && server === undefined)
    throw refused('it names no context, and none is current');
  const address = oneAddress(flags.get('address') ?? [], importing);
  for (const spec of specs) {
    const { local, port } = portSpec(spec);
    const kind = guessKind({ port, words: [named] });
    const profile: Profile = {
      cluster: { ...(server === undefined ? {} : { server }), ...(context === undefined ? {} : { context }) },
      namespace: flags.get('namespace')?.at(-1) ?? options.namespace ?? 'default',
      target: named.includes('/') ? named : `pod/${named}`,
      port,
      ...(local === undefined ? {} : { local: address === undefined ? local : { address, port: local } }),
      ...(kind ? { kind } : {}),
    };
    const short = named.slice(named.indexOf('/') + 1).replaceAll('/', '-');
    importing.add(specs.length === 1 ? short : `${short}-${port}`, profile);
  }
  return importing.result();
}

/** Whether a text looks like it. */
export function isKubectlLine(text: string): boolean {
  return /\bport-forward\b/.test(text) && !/^\s*[[{]/.test(text);
}

/** What follows kubectl, after variables that are set for it, sudo and a path; `minikube kubectl --` and `microk8s kubectl` too. */
function afterProgram(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word) => /(^|[/\\])(kubectl|oc|k|kubecolor)(\.exe)?$/.test(word));
  const before = words.slice(0, Math.max(0, at));
  const harmless = /^(\w+=.*|sudo|env|exec|nohup|minikube|microk8s|k3s)$/s;
  if (at < 0 || !before.every((word) => harmless.test(word))) throw refused('it does not start with kubectl');
  return words.slice(words[at + 1] === '--' ? at + 2 : at + 1);
}

function readArguments(words: readonly string[]): { flags: Map<string, string[]>; words: string[] } {
  const flags = new Map<string, string[]>();
  const plain: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') return { flags, words: [...plain, ...words.slice(at + 1)] };
    const [, long, short, attached] = /^(?:--([a-z][a-z-]*)|-([a-zA-Z]))(?:=?(.*))?$/s.exec(word) ?? [];
    const name = long ?? (short === undefined ? undefined : shorthands[short]);
    if (name === undefined) {
      if (word.startsWith('-')) throw refused('it has a flag that kubectl does not know');
      plain.push(word);
    } else if (switches.has(name)) flags.set(name, []);
    else {
      const value = attached ? attached : words[++at];
      if (value === undefined) throw refused(`--${name} has no value`);
      flags.set(name, [...(flags.get(name) ?? []), value]);
    }
  }
  return { flags, words: plain };
}

/** A profile listens on one address, or on loopback with both families. */
function oneAddress(flags: readonly string[], importing: Importing): string | undefined {
  const all = flags.flatMap((flag) => flag.split(',')).map((address) => address.trim());
  const others = all.filter((address) => address !== 'localhost' && address !== '127.0.0.1');
  const [first, ...more] = others;
  if (first === undefined) return undefined;
  if (others.length < all.length || more.length > 0) {
    importing.leaveOut('--address', `a profile listens on one address: ${first} is taken`);
  }
  if (!/^[0-9A-Fa-f:.]{2,45}$/.test(first)) {
    importing.leaveOut('--address', 'it is no IP address');
    return undefined;
  }
  return first;
}

function portSpec(spec: string): { local: number | undefined; port: number | string } {
  const [, before, remote = ''] = /^(?:(\d*):)?([a-z0-9-]+)$/.exec(spec) ?? [];
  const port = /^\d+$/.test(remote) ? Number(remote) : remote;
  const local = before === undefined ? port : Number(before || '0');
  const fits = (number: number | string) => typeof number === 'string' || number <= 65_535;
  if (remote === '' || port === 0 || !fits(port) || !fits(local))
    throw refused('one of its ports is none: LOCAL:REMOTE, REMOTE or :REMOTE');
  return { local: typeof local === 'number' && local > 0 ? local : undefined, port };
}

function refused(message: string): AppError {
  return new AppError('SP-IMPORT', { message });
}
