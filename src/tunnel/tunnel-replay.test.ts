import { describe, expect, it } from 'vitest';
import { FakePod } from '../../test/support/fake-upstream.ts';
import {
  ending,
  firstBytes,
  greet,
  sslRequest,
  tunnelFixture,
  until,
} from '../../test/support/tunnel-fixture.ts';
import { AppError } from '../base/app-error.ts';

const setUp = tunnelFixture();

describe('what may be sent again', () => {
  const failures = {
    'session lost': new AppError('SP-SESSION-LOST'),
    reset: new AppError('SP-STREAM-RESET'),
    'clean close': undefined,
  };
  const openings = {
    nothing: Buffer.alloc(0),
    handshake: sslRequest,
    'half a handshake': sslRequest.subarray(0, 5),
  };

  for (const [failure, error] of Object.entries(failures)) {
    for (const [opening, bytes] of Object.entries(openings)) {
      it(`${opening} after a ${failure}`, async () => {
        const { clock, upstream, tunnel, local, serving } = await setUp();
        let arrived = 0;
        const pod = await serving(({ app }) => app.on('data', (chunk: Buffer) => (arrived += chunk.length)));
        const client = local();
        if (bytes.length > 0) client.write(bytes);
        const answer = firstBytes(client);
        await until(() => pod.streams.size === 1 && arrived === bytes.length);
        pod.kill(error);
        await until(() => tunnel.held === 1);
        upstream.pointNowhere();
        const next = new FakePod('b');
        next.serve = ({ app }) => {
          let got = Buffer.alloc(0);
          const answered = () => {
            if (got.equals(bytes)) app.write('S');
          };
          app.on('data', (chunk: Buffer) => {
            got = Buffer.concat([got, chunk]);
            answered();
          });
          answered();
        };
        upstream.point(next);
        clock.advance(100);
        expect(await answer).toBe('S');
      });
    }

    it(`not a request after a ${failure}`, async () => {
      const { local, serving } = await setUp();
      let arrived = '';
      const pod = await serving(({ app }) => app.on('data', (chunk) => (arrived += chunk)));
      const client = local();
      client.write('GET / HTTP/1.1\r\n');
      await until(() => arrived.length > 0);
      const end = ending(client);
      const opens = pod.opens;
      for (const stream of [...pod.streams]) {
        if (error) stream.fail(error);
        else stream.app.end();
      }
      expect(await end).toBe(error ? 'reset' : 'end');
      expect(pod.opens).toBe(opens);
    });
  }

  it('never after a byte came back', async () => {
    const { local, serving } = await setUp();
    const pod = await serving(greet('a'));
    const client = local();
    await firstBytes(client);
    const end = ending(client);
    for (const stream of pod.streams) stream.fail(new AppError('SP-SANDBOX-GONE'));
    expect(await end).toBe('reset');
    expect(pod.opens).toBe(1);
  });

  it('a server that closes without a word looks so after two more tries', async () => {
    const { tunnel, local, serving } = await setUp();
    const pod = await serving(({ app }) => void app.end());
    expect(await ending(local())).toBe('end');
    expect(pod.opens).toBe(3);
    expect(tunnel.state.kind).toBe('ready');
  });

  it('does not fail those that wait for a greeting when a transport fails again and again', async () => {
    const { clock, tunnel, local, serving } = await setUp();
    const pod = await serving((stream) => stream.fail(new AppError('SP-STREAM-FAILED')));
    const answer = firstBytes(local());
    // The first failure is tried again at once, the others after pauses that grow to a second.
    for (let tries = 2; tries <= 8; tries++) {
      await until(() => pod.opens === tries && tunnel.held === 1);
      clock.advance(99);
      expect(pod.opens).toBe(tries);
      clock.advance(901);
    }
    await until(() => tunnel.held === 1);
    pod.serve = greet('a');
    clock.advance(1_000);
    expect(await answer).toBe('hello from a\n');
  });
});
