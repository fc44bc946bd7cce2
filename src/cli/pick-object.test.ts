import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeCli, type FakeCliOptions } from '../../test/support/fake-cli.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import type { ClusterObject, ClusterObjects } from '../contract/control-objects.ts';

let dir: string;
let userFile: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-pick-'));
  for (const name of ['CONFIG', 'DATA', 'STATE', 'CACHE']) vi.stubEnv(`XDG_${name}_HOME`, join(dir, name));
  userFile = daemonPlaces({ env: {}, platform: 'linux' }).userFile;
  await mkdir(dirname(userFile), { recursive: true });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

// Below the range that the system gives to clients.
const pg = { port: 8_217, name: 'pg', protocol: 'TCP', kind: 'postgres' } as const;
const local = pg.port + 10_000;
const metrics = { port: 9187, name: 'metrics', protocol: 'TCP', kind: 'http' } as const;
const object = (given: Partial<ClusterObject> & Pick<ClusterObject, 'name'>): ClusterObject => ({
  kind: 'Service',
  namespace: 'shop',
  ports: [pg],
  images: [],
  ...given,
});

const objects: ClusterObject[] = [
  object({
    name: 'orders',
    kind: 'StatefulSet',
    ports: [metrics, pg],
    pods: { ready: 1, wanted: 2 },
    database: { operator: 'Zalando', cluster: 'orders' },
  }),
  object({ name: 'orders' }),
  object({ name: 'rds', withoutPods: 'external-name' }),
];

function daemon(given: Partial<ClusterObjects> = {}): FakeControl {
  return new FakeControl().on('objects', async ({ namespace = 'shop', allNamespaces, name }) => ({
    context: 'prod',
    server: 'https://api.example.com',
    cluster: { server: 'https://api.example.com', context: 'prod' },
    ...(!allNamespaces && { namespace }),
    objects: objects.filter((each) => name === undefined || each.name === name),
    complete: true,
    refused: [],
    ...given,
  }));
}

async function sallyport(argv: readonly string[], options: FakeCliOptions = {}) {
  using cli = new FakeCli({ control: daemon(), cwd: dir, ...options });
  const code = await cli.run('profile', 'import', ...argv);
  return { code, stdout: cli.stdout.text, stderr: cli.stderr.text, choices: cli.choices };
}

const written = () => readFile(userFile, 'utf8');

describe('profile import --pick', () => {
  it('makes a profile of what is named, and says what it chose', async () => {
    const { code, stdout } = await sallyport(['--pick', 'sts/orders', '-n', 'shop']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`orders +postgres +shop/statefulset/orders:pg +:${local}`));
    expect(stdout).toContain('port metrics 9187: a profile has one port; --port metrics takes this one');
    expect(await written()).toContain(
      `  orders:
    cluster:
      server: https://api.example.com
      context: prod
    namespace: shop
    target: statefulset/orders
    port: pg
    kind: postgres
    connection:
      password:
        secret: auto
    local: ${local}
`,
    );
  });

  it('names the pod, the port and the profile as asked', async () => {
    await sallyport(['--pick', 'sts/orders/0', '--port', '9187', '--name', 'figures']);
    expect(await written()).toMatch(/ {2}figures:\n[\s\S]*target: statefulset\/orders\/0\n +port: metrics\n/);
  });

  it('lets a person choose object and port at a terminal', async () => {
    const terminal = { isTerminal: true, answers: ['0', 'metrics'] };
    const { code, choices } = await sallyport(['--pick', '-A'], terminal);
    expect(code).toBe(0);
    expect(choices[0]).toEqual([
      {
        value: '0',
        label: 'shop/statefulset/orders',
        hint: 'pg 8217 postgres · 1 more port · 1 of 2 ready · Zalando orders',
      },
      { value: '1', label: 'shop/service/orders', hint: 'pg 8217 postgres' },
    ]);
    expect(choices[1]?.map(({ value }) => value)).toEqual(['pg', 'metrics']);
    expect(await written()).toContain('port: metrics');
  });

  it('offers what cannot be seen as what it is', async () => {
    const hostile = 'x\u001b[2J\u202e';
    const database = { operator: 'Zalando', cluster: hostile } as const;
    const control = daemon({ objects: [object({ name: hostile, ports: [pg], database })] });
    const { choices } = await sallyport(['--pick'], { control, isTerminal: true, answers: [undefined] });
    expect(choices[0]).toEqual([
      {
        value: '0',
        label: 'service/x\\u001b[2J\\u202e',
        hint: 'pg 8217 postgres · Zalando x\\u001b[2J\\u202e',
      },
    ]);
  });

  it('never overwrites: a name that is taken is refused, a port that is taken passed over', async () => {
    await sallyport(['--pick', 'sts/orders']);
    const before = await written();
    const again = await sallyport(['--pick', 'svc/orders']);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('SP-PROFILE-EXISTS') });
    expect(await written()).toBe(before);
    await sallyport(['--pick', 'svc/orders', '--name', 'other']);
    expect(await written()).toContain(`local: ${local + 1}`);
  });

  it('passes over a port on which another program listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(local, '127.0.0.1', resolve));
    await sallyport(['--pick', 'svc/orders']);
    await new Promise((resolve) => server.close(resolve));
    expect(await written()).toContain(`local: ${local + 1}`);
  });

  it('passes over a port that is kept for a tunnel that is down', async () => {
    const tunnels = [fakeTunnel({ localPort: local })];
    await sallyport(['--pick', 'svc/orders'], { control: daemon().on('tunnels', async () => ({ tunnels })) });
    expect(await written()).toContain(`local: ${local + 1}`);
  });

  it("leaves the context's name out of a project's file", async () => {
    const { stdout } = await sallyport(['--pick', 'svc/orders', '--project', '--json']);
    expect(JSON.parse(stdout).profiles[0].profile.cluster).toEqual({ server: 'https://api.example.com' });
  });

  it('writes nothing with --dry-run', async () => {
    const { stdout } = await sallyport(['--pick', 'svc/orders', '--dry-run']);
    expect(stdout).toContain('Nothing was written');
    await expect(written()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  const refused: Partial<ClusterObjects> = {
    objects: [],
    refused: [{ kind: 'Service', error: { code: 'SP-FORBIDDEN', details: { user: 'dev', verb: 'list' } } }],
  };
  const terminal = { isTerminal: true, answers: [undefined] };
  it.each<[string, readonly string[], FakeCliOptions, number, string]>([
    ['nobody to choose', ['--pick'], {}, 2, 'there is no terminal to choose at'],
    ['who gives up', ['--pick'], terminal, 2, 'nothing was chosen'],
    ['a kind that cannot be picked', ['--pick', 'deploy/x'], {}, 2, 'not deploy/x'],
    ['what is not there', ['--pick', 'svc/x'], {}, 7, 'service/x does not exist in namespace shop'],
    ['what has no pods', ['--pick', 'svc/rds'], {}, 2, 'service/rds is of type ExternalName'],
    ['what may not be listed', ['--pick', 'svc/x'], { control: daemon(refused) }, 5, 'dev may not list'],
    [
      'what may not be listed to choose from',
      ['--pick'],
      { control: daemon(refused), isTerminal: true },
      5,
      'dev may not list',
    ],
    ['a file as well', ['--pick', 'svc/x', '--', 'kubectl'], {}, 2, 'does not go together with --pick'],
    ['a port without it', ['x.json', '--port', '1'], {}, 2, 'are for --pick'],
  ])('%s ends it', async (_what, argv, options, code, message) => {
    expect(await sallyport(argv, options)).toMatchObject({
      code,
      stderr: expect.stringContaining(message),
    });
  });
});
