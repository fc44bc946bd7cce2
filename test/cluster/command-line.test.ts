import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { netPod, netPorts, service } from '../support/manifests.ts';
import { commandLine, type ForwardOptions } from '../support/subject.ts';
import { carriers, describeOnCluster } from '../support/suite.ts';

describeOnCluster('command line', (suite) => {
  const { namespace } = suite;
  const toNet = { target: 'pod/net', ports: [`:${netPorts.banner}`] };

  beforeAll(async () => {
    await suite.api.apply(
      netPod({ namespace, name: 'net' }),
      service({
        namespace,
        name: 'net',
        app: 'net',
        ports: [{ name: 'hello', port: 80, targetPort: 'banner' }],
      }),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'elsewhere', namespace },
        spec: { type: 'ExternalName', externalName: 'db.example.com' },
      },
    );
    await suite.api.readyPod({ namespace, name: 'net' });
  });

  describe.each(carriers)('over %s', (carrier) => {
    test.each(['SIGINT', 'SIGTERM'] as const)('%s with a connection open ends it cleanly', async (signal) => {
      const ports = [`:${netPorts.echo}`];
      await using forward = suite.forward({ target: 'pod/net', ports, carrier });
      using conversation = new Conversation(await forward.port());
      await conversation.echo('open');
      expect(await forward.stop(signal)).toEqual({ code: 0, signal: null });
      await conversation.closed;
    });
  });

  test('prints the lines of kubectl, so that scripts keep working', async () => {
    const options: ForwardOptions = {
      kubeconfig: suite.kubeconfig,
      namespace,
      target: 'svc/net',
      ports: [`${await freePort()}:80`],
      carrier: 'auto',
      json: false,
    };
    const ours = await linesOf(commandLine('sallyport', options));
    const theirs = await linesOf(commandLine('kubectl', options));
    expect(ours.toSorted()).toEqual(theirs.toSorted());
  });

  test('a local port that is taken is said, with exit code 9', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using forward = suite.forward({ ...toNet, ports: [`${port}:${netPorts.banner}`], carrier: 'auto' });
    expect(await forward.ended()).toEqual({ code: 9, signal: null });
    expect(forward.events).toContainEqual(
      expect.objectContaining({
        event: 'error',
        error: expect.objectContaining({ code: 'SP-LOCAL-PORT-IN-USE' }),
      }),
    );
    server.close();
  });

  test('a port that the Service does not have is said with those there are', async () => {
    await using forward = suite.forward({ target: 'svc/net', ports: [':81'], carrier: 'auto' });
    const event = await forward.event((one) => JSON.stringify(one).includes('SP-PORT-UNKNOWN'));
    expect(JSON.stringify(event)).toContain('80');
  });

  test('an ExternalName Service is named as not yet supported, with exit code 7', async () => {
    await using forward = suite.forward({ target: 'svc/elsewhere', ports: [':5432'], carrier: 'auto' });
    expect(await forward.ended()).toEqual({ code: 7, signal: null });
    expect(JSON.stringify(forward.events)).toContain('SP-TARGET-UNSUPPORTED');
  });

  test('a port on which nothing listens ends its connection alone', async () => {
    const ports = [':4444', `:${netPorts.banner}`];
    await using forward = suite.forward({ target: 'pod/net', ports, carrier: 'auto', hold: '1s' });
    await expect(readLine(await forward.port(0))).rejects.toThrow();
    expect((await readLine(await forward.port(1))).text).toBe('hello from net');
  });
});

/** Runs a forwarder until it has said which addresses it listens on; its lines. */
function linesOf([command, ...args]: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let output = '';
    const child = execFile(command!, args);
    child.stdout?.on('data', (text: string) => {
      output += text;
      if (output.split('\n').length > 2) child.kill('SIGINT');
    });
    child.on('error', reject);
    child.on('close', () => resolve(output.trim().split('\n')));
  });
}
