import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { fuzzed } from '../../test/support/fuzz.ts';
import { ScriptedSpdyPeer } from '../../test/support/scripted-spdy-peer.ts';
import { AppError } from '../base/app-error.ts';
import { controlFrame, dataHeader } from './spdy-frame.ts';
import { SpdySession } from './spdy-session.ts';

const streamId = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 0x7fffffff }));
const bytes = fc.uint8Array({ maxLength: 40 }).map((given) => Buffer.from(given));

const data = fc
  .tuple(streamId, bytes, fc.constantFrom(0, 1, 2, 255), fc.nat(3))
  .map(([id, payload, flags, more]) =>
    Buffer.concat([dataHeader(id, payload.length + (more === 3 ? 100 : 0), flags), payload]),
  );
const control = fc
  .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 99), fc.nat(255), streamId, fc.nat(0xffffffff), bytes)
  .map(([type, flags, id, word, rest]) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id);
    head.writeUInt32BE(word, 4);
    return controlFrame(type, flags, Buffer.concat([head, rest]).subarray(0, rest.length));
  });
const reply = streamId.map((id) => {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(id);
  return controlFrame(2, 0, body);
});

it('whatever a peer sends, each stream ends at most once, with an AppError, and nothing is thrown', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(data, data, control, reply, bytes), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 20 }),
      async (frames, sizes) => {
        const peer = new ScriptedSpdyPeer();
        const pod = { namespace: 'n', name: 'p', uid: 'u', restarts: 0, ready: true, hostNetwork: false };
        const session = new SpdySession({ carrier: peer.carrier, pod, auditId: 'a', clock: new FakeClock() });
        const stream = session.open(5432, [Buffer.from('hello')]);
        const errors: unknown[] = [];
        stream.on('error', (error) => errors.push(error));
        stream.on('data', () => {});
        let left = Buffer.concat(frames);
        for (const size of [...sizes, left.length]) {
          peer.receiver.onBytes(left.subarray(0, size));
          left = left.subarray(size);
        }
        session.close(new AppError('SP-STREAM-RESET'));
        await new Promise((resolve) => setImmediate(resolve));
        // One that has ended well waits for its user to end it too.
        expect(stream.destroyed || stream.readableEnded).toBe(true);
        expect(errors.length).toBeLessThanOrEqual(1);
        for (const error of errors) expect(error).toBeInstanceOf(AppError);
        expect(session.closed).toBeInstanceOf(AppError);
        expect(session.closed?.code).not.toBe('SP-INTERNAL');
      },
    ),
    fuzzed(2_000),
  );
});
