import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeconfigText } from '../../src/sandbox/kubeconfig.ts';
import { postgresManifest } from '../../src/sandbox/manifest.ts';
import { type Sandbox, sandboxToken } from '../../src/sandbox/sandbox.ts';
import { Canary } from './canary.ts';
import type { DaemonHome } from './daemon-fixture.ts';

/** Secrets in every place that the program takes one from, and in some where one may come to stand by mistake. */

export const login = { user: 'app', database: 'orders' } as const;

export const canaries = {
  database: new Canary('the password of the database'),
  wrong: new Canary('a password that the database refuses'),
  url: new Canary('a URL in a Secret that is none'),
  long: new Canary('a Secret that is too long'),
  passphrase: new Canary('the passphrase'),
  kept: new Canary('a password that is kept'),
  variable: new Canary('a variable'),
  command: new Canary('what a command prints'),
  failing: new Canary('what a command prints that fails'),
  file: new Canary('a file'),
  literal: new Canary('a literal of a statement'),
  unread: new Canary('a statement that nobody can read'),
  attempt: new Canary('a password that a client tries'),
  brokenPlugin: new Canary('what a broken plugin prints'),
  kubeconfig: new Canary('a kubeconfig with a mistake'),
  profile: new Canary('a password in a profile'),
  settings: new Canary('a secret in the settings'),
  git: new Canary('the password of a repository'),
  proxy: new Canary('the password of a proxy'),
  receiverToken: new Canary("a receiver's token"),
  receiverKey: new Canary("a receiver's key"),
} as const;

export interface Plants {
  /** Beside the sandbox and the user's folders. */
  readonly dir: string;
  readonly sandbox: Sandbox;
}

export function plantedManifest() {
  const secret = (name: string, password: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    stringData: { password },
  });
  return [
    ...postgresManifest({ ...login, password: canaries.database.text }),
    secret('wrong', canaries.wrong.text),
    secret('url', `postgresql://${login.user}:${encodeURIComponent(canaries.url.text)}@[db/x`),
    secret('long', canaries.long.text.repeat(200)),
  ];
}

/** Contexts whose users log in each in another way, and a second file with a mistake in the line of its token. */
export async function plantKubeconfig({ dir, sandbox }: Plants) {
  const [bearer, exec] = ['bearer', 'exec'].map((name) => {
    const token = sandbox.controls.tokens.issue(sandboxToken);
    return new Canary(`the token of ${name}`, token.replace(/^sandbox-/, ''));
  }) as [Canary, Canary];
  const token = { token: `sandbox-${bearer.core}` };
  const { server, ca } = sandbox;
  const config = JSON.parse(kubeconfigText({ server, ca, namespace: 'default', users: { token } }));
  const add = (name: string, user: object, cluster = 'sandbox') => {
    config.users.push({ name, user });
    config.contexts.push({ name, context: { cluster, user: name, namespace: 'default' } });
  };
  const [node, script] = await program(dir, 'plugin', 'cat(process.argv[2]);');
  const plugin = (printed: string) => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: node,
      args: [script, join(dir, printed)],
    },
  });
  add('exec', plugin('exec.json'));
  add('broken', plugin('broken.json'));
  const proxy = `http://me:${encodeURIComponent(canaries.proxy.text)}@127.0.0.1:9`;
  config.clusters.push({
    name: 'proxied',
    cluster: { ...config.clusters[0].cluster, 'proxy-url': proxy },
  });
  add('proxied', token, 'proxied');
  const head = { kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1' };
  const status = { token: `sandbox-${exec.core}` };
  await writeFile(join(dir, 'exec.json'), JSON.stringify({ ...head, status }));
  await writeFile(join(dir, 'broken.json'), `{"status":{"token":"${canaries.brokenPlugin.core}"`);
  const path = join(dir, 'kubeconfig');
  await writeFile(path, JSON.stringify(config));
  const mistaken = `users:\n- name: a\n  user: {token: "${canaries.kubeconfig.core}\n: x`;
  await writeFile(join(dir, 'mistaken'), mistaken);
  return { path, bearer, exec };
}

/** A profile for each source of a password, and for each way in which it fails. */
export async function plantProfiles({ dir }: Plants, home: DaemonHome): Promise<void> {
  const of = (password: object, policy: object = {}, context = 'token') => ({
    cluster: { context },
    namespace: 'default',
    target: 'statefulset/postgres/0',
    port: 5432,
    kind: 'postgres',
    connection: { ...login, password },
    policy,
  });
  const inSecret = (name: string) => ({ secret: { name, key: 'password' } });
  await writeFile(join(dir, 'password'), canaries.file.text);
  await writeFile(join(dir, 'printed'), canaries.command.text);
  await writeFile(join(dir, 'failing'), canaries.failing.text);
  const print = await program(dir, 'print', 'cat(process.argv[2]);');
  const fail = await program(dir, 'fail', 'cat(process.argv[2]); process.exitCode = 3;');
  await home.writeProfiles({
    profiles: {
      db: of(inSecret('postgres'), { statementAudit: true }),
      reader: of(inSecret('postgres'), { statementAudit: true, readOnly: true }, 'exec'),
      open: of(inSecret('postgres'), { gateway: false }),
      wrong: of(inSecret('wrong')),
      url: of(inSecret('url')),
      long: of(inSecret('long')),
      missing: of(inSecret('absent')),
      kept: of({ keychain: true }),
      variable: of({ environment: 'CANARY_VARIABLE' }),
      command: of({ command: [...print, join(dir, 'printed')] }),
      failing: of({ command: [...fail, join(dir, 'failing')] }),
      file: of({ file: join(dir, 'password') }),
      broken: of(inSecret('postgres'), {}, 'broken'),
      proxied: of(inSecret('postgres'), {}, 'proxied'),
    },
  });
}

/** Passwords in a file under a passphrase, and two receivers of the audit log. */
export async function plantSettings({ dir }: Plants, home: DaemonHome, receiver: string): Promise<void> {
  await writeFile(join(dir, 'token'), canaries.receiverToken.core);
  await writeFile(join(dir, 'key'), canaries.receiverKey.core);
  const ship = [
    { name: 'otlp', to: 'otlp', url: `${receiver}/otlp`, tokenFile: join(dir, 'token') },
    { name: 'hook', to: 'webhook', url: `${receiver}/hook`, hmacKeyFile: join(dir, 'key') },
  ];
  const settings = { passwords: { keepIn: 'file' }, audit: { ship } };
  await mkdir(home.places.folders.config, { recursive: true, mode: 0o700 });
  await writeFile(home.places.settingsFile, JSON.stringify(settings));
}

export const startedFolder = (dir: string) => join(dir, 'started');

/** A program that puts down what it was started with in `startedFolder`, and then does what it is for. */
export async function program(dir: string, name: string, then = ''): Promise<[string, string]> {
  const path = join(dir, `${name}.mjs`);
  const script = `import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
const cat = (path) => process.stdout.write(readFileSync(path));
const folder = ${JSON.stringify(startedFolder(dir))};
mkdirSync(folder, { recursive: true });
for (const [what, of] of [['arguments', 'cmdline'], ['environment', 'environ']])
  writeFileSync(\`\${folder}/\${what} of ${name} \${process.pid}\`, readFileSync('/proc/self/' + of));
${then}
`;
  await writeFile(path, script);
  return [process.execPath, path];
}
