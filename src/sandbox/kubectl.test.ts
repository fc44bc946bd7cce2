import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { netserverManifest, netserverPorts, postgresManifest } from './manifest.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

const run = promisify(execFile);
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

describe.skipIf(!hasKubectl)(
  `kubectl against the sandbox${hasKubectl ? '' : ' (skipped: no kubectl on PATH)'}`,
  () => {
    let dir: string;
    let sandbox: Sandbox;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
      sandbox = await startSandbox({
        dir,
        manifest: [...netserverManifest(), ...postgresManifest({ password: 'pw' })],
      });
      await sandbox.controls.pods.until('default/net-0');
      await sandbox.controls.pods.until('default/postgres-0');
    });

    afterAll(async () => {
      await sandbox.stop();
      await rm(dir, { recursive: true });
    });

    const kubectl = async (...args: string[]) =>
      (await run('kubectl', ['--kubeconfig', sandbox.kubeconfigPath, ...args])).stdout;

    const lines = (child: ChildProcess) => createInterface({ input: child.stdout! })[Symbol.asyncIterator]();

    /** A running port-forward and its local port. */
    async function forward(target: string, port: number, webSockets: boolean) {
      const child = spawn(
        'kubectl',
        [
          '--kubeconfig',
          sandbox.kubeconfigPath,
          'port-forward',
          '--address',
          '127.0.0.1',
          target,
          `:${port}`,
        ],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, KUBECTL_PORT_FORWARD_WEBSOCKETS: String(webSockets) },
        },
      );
      const { value } = await lines(child).next();
      const localPort = Number(/127\.0\.0\.1:(\d+) ->/.exec(String(value))?.[1]);
      const stop = async () => {
        const exited = once(child, 'exit');
        child.kill();
        await exited;
      };
      return { localPort, [Symbol.asyncDispose]: stop };
    }

    test('get shows pods, Services and StatefulSets as a cluster does', async () => {
      expect(await kubectl('get', 'pods')).toMatch(
        /NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\nnet-0\s+1\/1\s+Running\s+0/,
      );
      expect(await kubectl('get', 'svc,sts')).toMatch(/statefulset\.apps\/net\s+1\/1/);
      expect(await kubectl('get', 'pods', '-l', 'app in (net)', '-o', 'name')).toBe('pod/net-0\n');
    });

    test('get -w follows a pod through its deletion and back', async () => {
      const child = spawn(
        'kubectl',
        [
          '--kubeconfig',
          sandbox.kubeconfigPath,
          'get',
          'pod',
          'net-0',
          '-w',
          '-o',
          'json',
          '--output-watch-events',
        ],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const seen = new Set<string>();
      let deleting: Promise<string> | undefined;
      let text = '';
      for await (const chunk of child.stdout.setEncoding('utf8')) {
        text += chunk;
        for (const [, uid] of text.matchAll(
          /"type":"ADDED".*?"uid": ?"([\w-]{36})"|"uid": "([\w-]{36})"/gs,
        )) {
          if (uid) seen.add(uid);
        }
        deleting ??= kubectl('delete', 'pod', 'net-0', '--wait=false');
        if (text.includes('"DELETED"') && text.split('"ADDED"').length > 2) break;
      }
      const exited = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill();
      await exited;
      expect(await deleting).toContain('deleted');
      await sandbox.controls.pods.until('default/net-0');
    });

    test.each([
      ['raw SPDY', false],
      ['the WebSocket tunnel', true],
    ])('port-forward carries a megabyte there and back over %s', async (_carrier, webSockets) => {
      await using echo = await forward('pod/net-0', netserverPorts.echo, webSockets);
      const socket = connect(echo.localPort, '127.0.0.1');
      const sent = Buffer.alloc(1 << 20, 'sandbox');
      socket.write(sent);
      const received: Buffer[] = [];
      let receivedBytes = 0;
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        received.push(chunk);
        receivedBytes += chunk.length;
        if (receivedBytes === sent.length) break;
      }
      expect(Buffer.concat(received).equals(sent)).toBe(true);
    });

    test.each([
      ['raw SPDY', false],
      ['the WebSocket tunnel', true],
    ])('fifty connections in turn each get the greeting over %s', async (_carrier, webSockets) => {
      await using identity = await forward('service/net', netserverPorts.identity, webSockets);
      const { metadata } = await sandbox.controls.pods.until('default/net-0');
      for (let turn = 0; turn < 50; turn++) {
        let text = '';
        for await (const chunk of connect(identity.localPort, '127.0.0.1').setEncoding('utf8')) {
          text += chunk;
          if (text.endsWith('\n')) break;
        }
        expect(text).toBe(`net-0 ${metadata.uid}\n`);
      }
    });

    test('Postgres answers through port-forward, asks for the password, and keeps its data over restarts', async () => {
      const query = async (text: string, password = 'pw') => {
        await using postgres = await forward('pod/postgres-0', 5_432, false);
        const client = new Client({
          host: '127.0.0.1',
          port: postgres.localPort,
          user: 'app',
          database: 'orders',
          password,
        });
        client.on('error', () => {});
        await client.connect();
        try {
          return (await client.query(text)).rows;
        } finally {
          await client.end();
        }
      };
      await query('create table kept as select 42 as answer');
      await expect(query('select 1', 'wrong')).rejects.toMatchObject({ code: '28P01' });

      const { pods } = sandbox.controls;
      pods.kill('default/postgres-0');
      await pods.until('default/postgres-0', (each) => each.status.containerStatuses?.[0]?.ready === false);
      const { metadata } = await pods.until('default/postgres-0');
      expect(await query('select answer from kept')).toEqual([{ answer: 42 }]);

      pods.delete('default/postgres-0');
      await pods.until('default/postgres-0', (each) => each.metadata.uid !== metadata.uid);
      await pods.until('default/postgres-0');
      expect(await query('select answer from kept')).toEqual([{ answer: 42 }]);
    });
  },
);
