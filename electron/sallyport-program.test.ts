import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SallyportProgram } from './sallyport-program.ts';

const run = promisify(execFile);

let dir: string;
let folder: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-program-'));
  folder = join(dir, 'app data');
  await mkdir(folder);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

/** The command line, as a script. */
async function programOf(script: string): Promise<SallyportProgram> {
  const program = join(dir, 'sallyport');
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  // What macOS opens files with.
  await writeFile(join(dir, 'open'), '#!/bin/sh\n', { mode: 0o755 });
  return new SallyportProgram({
    program,
    env: Promise.resolve({ PATH: dir }),
    home: dir,
    folder,
    platform: 'darwin',
  });
}

it.skipIf(process.platform === 'win32')(
  'opens psql of each tunnel by a script of its own, which is gone once it runs',
  async () => {
    const sallyport = await programOf('echo "$@"');
    await Promise.all(['user/orders-db', 'team/orders-db'].map((tunnel) => sallyport.openPsql(tunnel)));
    const scripts = await readdir(folder);
    const said = await Promise.all(scripts.map((script) => run(join(folder, script))));
    expect(said.map(({ stdout }) => stdout).sort()).toEqual([
      'psql -- team/orders-db\n',
      'psql -- user/orders-db\n',
    ]);
    expect(await readdir(folder)).toEqual([]);
  },
);

it.skipIf(process.platform === 'win32')('says what the command line says of an address', async () => {
  await expect((await programOf(`echo '{}'`)).open('user/web')).resolves.toBeUndefined();
  const error = { code: 'SP-TUNNEL-UNKNOWN', details: { tunnel: 'user/web' } };
  const refusing = await programOf(`echo '${JSON.stringify({ error })}'; exit 2`);
  await expect(refusing.open('user/web')).rejects.toMatchObject(error);
  await expect((await programOf('exit 1')).open('user/web')).rejects.toMatchObject({ code: 'SP-INTERNAL' });
});
