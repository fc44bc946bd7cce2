import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FakePod, type ServedStream } from '../../test/support/fake-upstream.ts';
import { firstBytes, tunnelFixture, until } from '../../test/support/tunnel-fixture.ts';
import { AppError } from '../base/app-error.ts';
import type { Intermediary, PodDial } from './intermediary.ts';

const setUp = tunnelFixture();

/** Asks the client for a line first, then the pod for one: "busy" is no answer. What follows is passed on. */
function lineGateway() {
  const rests: string[] = [];
  const intermediary: Intermediary = {
    serve(socket, { dial }) {
      const abort = new AbortController();
      socket.once('end', () => abort.abort(new AppError('SP-STREAM-RESET')));
      socket.once('close', () => abort.abort(new AppError('SP-STREAM-RESET')));
      abort.signal.addEventListener('abort', () => socket.end(`error ${abort.signal.reason.code}\n`), {
        once: true,
      });
      const over = serveLine(socket, dial, { abort, rests }).then(
        () => undefined,
        (thrown) => AppError.from(thrown),
      );
      return { over, end: (error) => abort.abort(error ?? new AppError('SP-STREAM-RESET')) };
    },
  };
  return { intermediary, rests };
}

async function serveLine(
  socket: Socket,
  dial: PodDial,
  { abort, rests }: { abort: AbortController; rests: string[] },
): Promise<void> {
  const { signal } = abort;
  await once(socket, 'data', { signal }).catch((thrown) => {
    signal.throwIfAborted();
    throw thrown;
  });
  for (;;) {
    const dialled = await dial({ head: () => [Buffer.from('hello')], signal });
    const { stream } = dialled;
    signal.addEventListener('abort', () => stream.destroy(), { once: true });
    const answer = new Promise<string>((resolve, reject) => {
      stream.once('data', (chunk) => resolve(String(chunk)));
      stream.once('error', reject);
      if (stream.errored) reject(stream.errored);
      stream.once('close', () => reject(new AppError('SP-STREAM-RESET')));
    });
    const problem = await answer.then(
      (text) => (text === 'busy' ? new AppError('SP-DB-STARTING', { pod: 'postgres-0' }) : undefined),
      (error) => AppError.from(error),
    );
    if (!problem) {
      dialled.served();
      stream.pipe(socket).write('from the pod\n');
      return new Promise((resolve) => stream.once('close', resolve));
    }
    stream.destroy();
    signal.throwIfAborted();
    if (!dialled.failed(problem)) rests.push(problem.code);
  }
}

const served = ({ app }: ServedStream) => void app.write('ready\n');

describe('a client whom an intermediary answers', () => {
  it('is answered in an outage, waits with its dial, and is told of once it got through', async () => {
    const { clock, upstream, tunnel, events, local } = await setUp(lineGateway());
    const client = local();
    await once(client, 'connect');
    expect(tunnel.held).toBe(0);
    client.write('me\n');
    await until(() => tunnel.held === 1);
    clock.advance(7_000);
    const pod = new FakePod('a');
    const heads: string[] = [];
    pod.serve = (stream) => {
      heads.push(String(stream.head));
      served(stream);
    };
    upstream.point(pod);
    expect(await firstBytes(client)).toBe('from the pod\n');
    expect(heads).toEqual(['hello']);
    expect(tunnel.held).toBe(0);
    expect(events).toMatchObject([{ kind: 'start', connection: 1, heldMs: 7_000, pod: { uid: 'a' } }]);
  });

  it('measures the way into the pod without the wait for one', async () => {
    const { clock, tunnel, events, local, takenAfter } = await setUp(lineGateway());
    local().write('me\n');
    await until(() => tunnel.held === 1);
    clock.advance(7_000);
    const { app } = await takenAfter(12);
    clock.advance(50);
    app.write('ready\n');
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ kind: 'start', heldMs: 7_000, connectMs: 12 }]);
  });

  it('waits while the port refuses, and while what listens says that it starts, which is asked seldom', async () => {
    const gateway = lineGateway();
    const { clock, upstream, tunnel, local } = await setUp(gateway);
    const pod = new FakePod('a');
    upstream.point(pod);
    const client = local();
    client.write('me\n');
    await until(() => tunnel.state.kind === 'waiting' && tunnel.held === 1);
    expect(tunnel.state).toMatchObject({ reason: { code: 'SP-PORT-REFUSED' } });
    pod.serve = ({ app }) => void app.write('busy');
    await until(() => {
      clock.advance(1);
      return tunnel.state.kind === 'waiting' && tunnel.state.reason.code === 'SP-DB-STARTING';
    });
    await until(() => tunnel.held === 1);
    const opens = pod.opens;
    clock.advance(90);
    expect(pod.opens).toBe(opens);
    pod.serve = served;
    clock.advance(60);
    expect(await firstBytes(client)).toBe('from the pod\n');
    expect(tunnel.state.kind).toBe('ready');
    // The tunnel said when to try again, each time.
    expect(gateway.rests).toEqual([]);
  });

  it('is told by its intermediary that nothing served it in time', async () => {
    const { clock, upstream, tunnel, events, local } = await setUp({
      ...lineGateway(),
      hold: { timeoutMs: 5_000 },
    });
    upstream.pointNowhere('SP-TARGET-NO-PODS');
    const client = local();
    client.write('me\n');
    await until(() => tunnel.held === 1);
    clock.advance(5_000);
    expect(await firstBytes(client)).toBe('error SP-HOLD-TIMEOUT\n');
    expect(tunnel.held).toBe(0);
    client.end();
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({
      kind: 'end',
      error: { code: 'SP-HOLD-TIMEOUT', details: { why: 'no pod belongs to the target' } },
    });
  });

  it('leaves its place in the queue when it goes', async () => {
    const { tunnel, events, local } = await setUp(lineGateway());
    const client = local();
    client.write('me\n');
    await until(() => tunnel.held === 1);
    client.destroy();
    await until(() => tunnel.held === 0);
    await until(() => events.length === 1);
    expect(tunnel.connections).toBe(0);
  });

  it('that hangs up in the only attempt leaves the way to the next', async () => {
    const { clock, upstream, tunnel, local } = await setUp(lineGateway());
    const pod = new FakePod('a');
    const streams: ServedStream[] = [];
    pod.serve = (stream) => void streams.push(stream);
    upstream.point(pod, { serving: false });
    const first = local();
    first.write('me\n');
    await until(() => streams.length === 1);
    const second = local();
    second.write('me\n');
    await until(() => tunnel.held === 1);
    first.destroy();
    pod.serve = served;
    await until(() => tunnel.connections === 1);
    clock.advance(10);
    expect(await firstBytes(second)).toBe('from the pod\n');
  });

  it('that keeps its end of a tunnel that stops open is left after a moment', async () => {
    const { clock, tunnel, local, serving } = await setUp(lineGateway());
    await serving(served);
    const client = local();
    client.write('me\n');
    expect(await firstBytes(client)).toBe('from the pod\n');
    // As psql that waits for its user: it has not even read the end.
    client.pause();
    let isStopped = false;
    const stopped = tunnel.stop().then(() => {
      isStopped = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isStopped).toBe(false);
    clock.advance(250);
    await stopped;
  });
});
