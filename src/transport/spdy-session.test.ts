import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { ScriptedSpdyPeer as Peer } from '../../test/support/scripted-spdy-peer.ts';
import type { AppError } from '../base/app-error.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { PortForwardStream } from './port-forward-stream.ts';
import { SpdySession } from './spdy-session.ts';

const pod: PodIdentity = {
  namespace: 'data',
  name: 'postgres-0',
  uid: 'u1',
  restarts: 0,
  ready: true,
  hostNetwork: false,
};

function start() {
  const peer = new Peer();
  const clock = new FakeClock();
  const session = new SpdySession({ carrier: peer.carrier, pod, auditId: 'a', clock });
  return { peer, clock, session };
}

const ended = (stream: PortForwardStream) =>
  new Promise<string | AppError>((resolve) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.on('end', () => resolve(text));
    stream.on('error', (error) => resolve(error as AppError));
  });

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('SpdySession', () => {
  it('opens both streams and sends the first bytes in one write', () => {
    const { peer, session } = start();
    session.open(5432, [Buffer.from('hello')]);
    expect(peer.writes).toBe(1);
    expect(peer.frames()).toEqual(['syn 1 fin', 'syn 3', 'data 3 hello']);
  });

  it('keeps what comes while its borrower cannot take it: before it flows, and while it is paused', async () => {
    const { peer, session } = start();
    const stream = session.open(5432, []);
    stream.lend();
    let text = '';
    stream.on('data', (lent: Buffer) => {
      text += lent;
    });
    peer.data(3, 'in the tick of the opening, ');
    await turn();
    peer.data(3, 'flowing, ');
    stream.pause();
    peer.data(3, 'paused, ');
    stream.resume();
    peer.data(3, 'resumed, ');
    await turn();
    peer.data(3, 'flowing');
    expect(text).toBe('in the tick of the opening, flowing, paused, resumed, flowing');
  });

  it('ends cleanly when the peer ends both streams, and is then free', async () => {
    const { peer, session } = start();
    const stream = session.open(5432, []);
    const result = ended(stream);
    expect(session.free).toBe(false);
    peer.reply(3);
    peer.reply(1);
    peer.data(3, 'answer', true);
    peer.data(1, '', true);
    expect(await result).toBe('answer');
    expect(session.free).toBe(true);
    expect(peer.frames()).toEqual(['syn 1 fin', 'syn 3', 'fin 3']);
    session.open(5432, []);
    expect(peer.frames()).toEqual(['syn 5 fin', 'syn 7']);
  });

  it('does not say end before the verdict of the error stream is known', async () => {
    const { peer, session } = start();
    const result = ended(session.open(5432, []));
    peer.data(3, '', true);
    peer.data(1, 'error forwarding port 5432 to pod x, uid : failed to execute portforward in ');
    peer.data(1, 'network namespace "/n": failed to connect to localhost:5432 inside namespace "x"', true);
    expect(await result).toMatchObject({
      code: 'SP-PORT-REFUSED',
      details: { pod: 'postgres-0', port: 5432 },
    });
    expect(session.closed).toBeUndefined();
    expect(session.free).toBe(true);
  });

  it('reads an error whose characters are cut by frames', async () => {
    const { peer, session } = start();
    const result = ended(session.open(5432, []));
    peer.data(3, '', true);
    const text = Buffer.from('kein Anschluß an „Ω“ 🚪');
    for (const byte of text) peer.data(1, Buffer.of(byte));
    peer.data(1, '', true);
    expect(await result).toMatchObject({ details: { message: text.toString() } });
  });

  it('takes the end as clean when no verdict comes', async () => {
    const { peer, session, clock } = start();
    const result = ended(session.open(5432, []));
    peer.data(3, 'bye', true);
    clock.advance(2_000);
    expect(await result).toBe('bye');
  });

  it('fails one stream on RST and goes on with the session', async () => {
    const { peer, session } = start();
    const result = ended(session.open(5432, []));
    peer.control(3, 3, 5);
    expect(await result).toMatchObject({ code: 'SP-STREAM-FAILED' });
    expect(session.free).toBe(true);
  });

  it('pauses the carrier for a slow reader and resumes when it reads', async () => {
    const { peer, session } = start();
    const stream = session.open(5432, []);
    peer.data(3, Buffer.alloc(256 * 1024));
    expect(peer.paused).toBe(true);
    stream.resume();
    await turn();
    expect(peer.paused).toBe(false);
  });

  it('waits for the carrier before it takes more to send', async () => {
    const { peer, session } = start();
    const stream = session.open(5432, []);
    peer.full = true;
    let written = false;
    stream.write(Buffer.alloc(100), () => {
      written = true;
    });
    await turn();
    expect(written).toBe(false);
    peer.full = false;
    peer.receiver.onDrain();
    await turn();
    expect(written).toBe(true);
  });

  it('gathers small writes into one frame while the carrier is full', async () => {
    const { peer, session } = start();
    const stream = session.open(5432, []);
    peer.full = true;
    for (let i = 0; i < 10; i++) stream.write(Buffer.alloc(1000));
    peer.frames();
    peer.full = false;
    peer.receiver.onDrain();
    await turn();
    expect(peer.frames()).toEqual(['data 3 9000']);
  });

  it('drops the late frames of a cancelled stream and carries the next connection meanwhile', async () => {
    const { peer, session } = start();
    const first = session.open(5432, []);
    first.on('error', () => {});
    first.destroy();
    expect(peer.frames()).toEqual(['syn 1 fin', 'syn 3', 'rst 3']);
    expect(session.free).toBe(true);
    const result = ended(session.open(5432, []));
    peer.data(3, 'late');
    peer.data(7, 'mine');
    peer.data(3, '', true);
    peer.data(1, 'error forwarding port: copy failed', true);
    peer.data(7, '', true);
    peer.data(5, '', true);
    expect(await result).toBe('mine');
    expect(session.streamCount).toBe(0);
  });

  it('is not lent out again while the pod may have left much unread, and is given up when that does not end', async () => {
    const { peer, session, clock } = start();
    const stream = session.open(5432, [Buffer.alloc(100_000)]);
    stream.on('error', () => {});
    stream.destroy();
    expect(session.free).toBe(false);
    clock.advance(5_000);
    expect(session.closed).toMatchObject({ code: 'SP-SESSION-LOST' });
    expect(peer.destroyed).toBe(true);
  });

  it('passes the end of the client on only after the pod was quiet, and is free meanwhile', async () => {
    const { peer, session, clock } = start();
    const stream = session.open(5432, []);
    const result = ended(stream);
    stream.end('last');
    await turn();
    expect(peer.frames()).toEqual(['syn 1 fin', 'syn 3', 'data 3 last']);
    expect(session.free).toBe(true);
    clock.advance(900);
    peer.data(3, 'more');
    clock.advance(900);
    expect(peer.frames()).toEqual([]);
    clock.advance(100);
    expect(peer.frames()).toEqual(['fin 3']);
    peer.data(3, ' and end', true);
    peer.data(1, '', true);
    expect(await result).toBe('more and end');
  });

  it('does not let a lingering slow reader hold up the connection that its session was lent to', async () => {
    const { peer, session } = start();
    const lingering = session.open(5432, []);
    lingering.on('error', () => {});
    lingering.end();
    await turn();
    const next = session.open(5432, []);
    for (let i = 0; i < 40; i++) peer.data(3, Buffer.alloc(256 * 1024));
    expect(peer.paused).toBe(false);
    expect(lingering.destroyed).toBe(true);
    expect(next.destroyed).toBe(false);
  });

  it('is not lent out while the pod answers a client that has only ended its request', async () => {
    const { clock, peer, session } = start();
    const stream = session.open(5432, [Buffer.from('x')]);
    stream.resume();
    stream.end();
    await turn();
    expect(session.free).toBe(true);
    peer.data(3, 'the answer');
    expect(session.free).toBe(false);
    await clock.advanceAsync(1_000);
    expect(session.free).toBe(true);
  });

  it('is not lent out while a cancelled upload has not left', async () => {
    const { peer, session } = start();
    const stream = session.open(5432, []);
    peer.full = true;
    stream.write(Buffer.alloc(1024 * 1024));
    peer.data(3, '.');
    stream.destroy();
    expect(session.free).toBe(false);
  });

  it('delivers what came before a failure to a reader that was slow', async () => {
    const { peer, session } = start();
    const stream = session.open(5432, []);
    let received = 0;
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    stream.pause();
    peer.data(3, Buffer.alloc(51_000), true);
    peer.data(1, 'error forwarding port: read: connection reset by peer', true);
    await turn();
    const failed = new Promise((resolve) => stream.on('error', resolve));
    stream.resume();
    expect(await failed).toMatchObject({ code: 'SP-STREAM-RESET' });
    expect(received).toBe(51_000);
  });

  it('is found dead however often clients open on it and give up', async () => {
    const { clock, session } = start();
    for (let s = 0; s < 60 && !session.closed; s += 3) {
      const stream = session.open(5432, []);
      await clock.advanceAsync(2_000);
      stream.destroy();
      await clock.advanceAsync(1_000);
    }
    expect(session.closed?.code).toBe('SP-SESSION-LOST');
  });

  it('is found dead after a wake though clients keep opening', async () => {
    const { clock, session } = start();
    session.probe();
    await clock.advanceAsync(3_000);
    session.open(5432, []);
    await clock.advanceAsync(1_000);
    expect(session.closed?.code).toBe('SP-SESSION-LOST');
  });

  it('ends every stream with SP-SESSION-LOST when the carrier is lost', async () => {
    const { peer, session } = start();
    const result = ended(session.open(5432, []));
    peer.receiver.onClose(new Error('read ECONNRESET'));
    expect(await result).toMatchObject({ code: 'SP-SESSION-LOST', details: { message: 'read ECONNRESET' } });
    expect(session.closed?.code).toBe('SP-SESSION-LOST');
    expect(() => session.open(5432, [])).toThrowError(expect.objectContaining({ code: 'SP-SESSION-LOST' }));
  });

  it.each([
    ['GOAWAY', 'SP-SESSION-LOST', (peer: Peer) => peer.control(7, 0, 0)],
    ['a stream opened by the server', 'SP-PROTOCOL', (peer: Peer) => peer.control(1, 2, 0, 0)],
    ['a control frame without its stream id', 'SP-PROTOCOL', (peer: Peer) => peer.control(3)],
    [
      'a frame of another protocol',
      'SP-PROTOCOL',
      (peer: Peer) => peer.receiver.onBytes(Buffer.alloc(9, 0xff)),
    ],
  ])('closes on %s', (_what, code, act) => {
    const { peer, session } = start();
    act(peer);
    expect(session.closed).toMatchObject({ code });
    expect(peer.destroyed).toBe(true);
  });

  it('answers a PING of the server and ignores SETTINGS, WINDOW_UPDATE and unknown types', () => {
    const { peer, session } = start();
    peer.control(6, 2);
    peer.control(4, 0, 0);
    peer.control(9, 3, 65536);
    peer.control(5);
    expect(peer.frames()).toEqual(['ping 2']);
    expect(session.closed).toBeUndefined();
  });

  it('one missed PING is not death; silence is', () => {
    const { peer, session, clock } = start();
    clock.advance(10_000);
    expect(peer.frames()).toEqual(['ping 1']);
    clock.advance(10_000);
    expect(session.closed).toBeUndefined();
    clock.advance(10_000);
    expect(session.closed).toMatchObject({ code: 'SP-SESSION-LOST' });
    expect(clock.pending).toBe(0);
  });

  it('a PING that is answered keeps an idle session for ever', () => {
    const { peer, session, clock } = start();
    for (let i = 0; i < 100; i++) {
      clock.advance(10_000);
      peer.control(6, 1 + 2 * i);
    }
    expect(session.closed).toBeUndefined();
  });

  it('gives up an opening that a silent peer does not answer, sooner than a connection in progress', () => {
    const { peer, session, clock } = start();
    session.open(5432, []).on('error', () => {});
    clock.advance(10_000);
    expect(session.closed).toMatchObject({ code: 'SP-SESSION-LOST' });

    const busy = start();
    busy.session.open(5432, []).on('error', () => {});
    busy.peer.reply(3);
    busy.clock.advance(60_000);
    expect(busy.session.closed).toBeUndefined();
    busy.clock.advance(30_000);
    expect(busy.session.closed).toMatchObject({ code: 'SP-SESSION-LOST' });
    expect(peer.destroyed).toBe(true);
  });

  it('does not take the silence of a carrier that it paused itself for death', () => {
    const { peer, session, clock } = start();
    session.open(5432, []).on('error', () => {});
    peer.data(3, Buffer.alloc(256 * 1024));
    clock.advance(600_000);
    expect(session.closed).toBeUndefined();
  });

  it('after a wake a session that does not answer soon is lost, one that answers stays', () => {
    const dead = start();
    dead.session.probe();
    dead.clock.advance(4_000);
    expect(dead.session.closed).toMatchObject({ code: 'SP-SESSION-LOST' });

    const alive = start();
    alive.session.probe();
    alive.clock.advance(1_000);
    alive.peer.control(6, 1);
    alive.clock.advance(5_000);
    expect(alive.session.closed).toBeUndefined();
  });
});
