import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawnDaemon } from './spawn-daemon.ts';

/** A daemon in a few lines: it leaves `losses` times because of the lock, then listens until a client has come and gone. */
const program = `
const fs = require('node:fs');
const [folder, losses] = process.argv.slice(1);
const tries = Number(fs.existsSync(folder + '/tries') ? fs.readFileSync(folder + '/tries') : 0) + 1;
fs.writeFileSync(folder + '/tries', String(tries));
if (tries <= Number(losses)) {
  process.stderr.write('error: another daemon runs\\n  SP-DAEMON-RUNNING\\n');
  process.exit(1);
}
const server = require('node:net').createServer((socket) => socket.on('close', () => server.close()).resume());
server.listen(folder + '/socket');
`;

describe('a daemon that is started', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spawn-daemon-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const start = (losses: number) =>
    spawnDaemon({
      command: [process.execPath, '-e', program, folder, String(losses)],
      places: { socket: join(folder, 'socket'), logFile: join(folder, 'log') },
      env: process.env,
    });

  it('is there when it answers', async () => {
    await start(0);
    expect(await readFile(join(folder, 'tries'), 'utf8')).toBe('1');
  });

  it('is started again where the holder of the lock was only ending', async () => {
    await start(2);
    expect(await readFile(join(folder, 'tries'), 'utf8')).toBe('3');
  });

  it('that ends for another reason is told of with what it said', async () => {
    const failing = spawnDaemon({
      command: [process.execPath, '-e', 'process.stderr.write("no such folder"); process.exit(9)'],
      places: { socket: join(folder, 'socket'), logFile: join(folder, 'log') },
      env: process.env,
    });
    await expect(failing).rejects.toMatchObject({
      code: 'SP-DAEMON-START',
      details: { message: 'it ended with exit code 9', why: 'no such folder' },
    });
  });
});
