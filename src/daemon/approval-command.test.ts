import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import {
  type ApprovalWish,
  approvalSettingsSchema,
  askForApproval,
  needsApproval,
} from './approval-command.ts';
import { definition } from './managed-tunnel.fixture.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'approval-'));
});
afterEach(() => rm(home, { recursive: true }));
afterAll(expectNoHandles);

const policy = { environment: 'production', reason: true } as const;
const wish: ApprovalWish = {
  definition: definition({ policy }),
  by: 'on-demand',
  reason: 'OPS-1; rm -rf $HOME',
  client: { uid: 1000, process: async () => ({ pid: 7, program: '/usr/bin/psql', command: 'psql secret' }) },
};

function ask(script: string, { clock = new FakeClock(), signal = new AbortController().signal } = {}) {
  const settings = { command: ['/bin/sh', '-c', script, 'hook', '--flag'] };
  return askForApproval(settings, wish, { clock, env: process.env, home, signal });
}

describe('the program that approves', () => {
  it('is given the request as one line of JSON, and says who approved', async () => {
    const approval = await ask(
      'cat > request; printf "%s" "$*" > arguments; echo; echo "  ann  "; echo more',
    );
    expect(approval).toEqual({ kind: 'approved', by: 'ann' });
    expect(await readFile(join(home, 'arguments'), 'utf8')).toBe('--flag');
    const text = await readFile(join(home, 'request'), 'utf8');
    expect(text.indexOf('\n')).toBe(text.length - 1);
    const { username: name, uid } = userInfo();
    expect(JSON.parse(text)).toEqual({
      version: 1,
      tunnel: 'user/orders-db',
      profile: 'orders-db',
      source: 'user',
      cluster: { context: 'none' },
      namespace: 'data',
      target: 'statefulset/postgres/0',
      port: 5432,
      by: 'on-demand',
      reason: 'OPS-1; rm -rf $HOME',
      policy,
      user: { name, uid },
      client: { uid: 1000, pid: 7, program: '/usr/bin/psql' },
    });
  });

  it('refuses by its exit status, with the first line that it says as the reason', async () => {
    expect(await ask('printf "\\n\\033[31mnot on Fridays\\033[0m\\nmore\\n" >&2; exit 3')).toEqual({
      kind: 'refused',
      error: { code: 'SP-APPROVAL-REFUSED', details: { tunnel: 'orders-db', message: 'not on Fridays' } },
    });
    expect(await ask('exit 3')).toMatchObject({ error: { details: { message: 'exit status 3' } } });
  });

  it('need not read what it is given', async () => {
    expect(await ask('exec 0<&-; exit 0')).toEqual({ kind: 'approved', by: undefined });
  });

  it.each([
    ['kill -9 $$', 'SIGKILL'],
    ['while :; do echo 0123456789012345678901234567890123456789; done', 'it printed more than 64 KiB'],
  ])('means no where it goes wrong: %s', async (script, message) => {
    expect(await ask(script)).toMatchObject({
      kind: 'refused',
      error: { code: 'SP-APPROVAL-FAILED', details: { program: '/bin/sh', message } },
    });
  });

  it('means no where there is none', async () => {
    const world = { clock: new FakeClock(), env: {}, home, signal: new AbortController().signal };
    expect(await askForApproval({ command: [join(home, 'none')] }, wish, world)).toMatchObject({
      error: { code: 'SP-APPROVAL-FAILED', details: { message: 'there is no such program' } },
    });
  });

  it('means no where it takes too long, also with a child that holds its output', async () => {
    const clock = new FakeClock();
    const asked = ask('echo $$ > started; sleep 600 & echo $! > child; wait', { clock });
    await expect.poll(() => readFile(join(home, 'child'), 'utf8').catch(() => '')).toMatch(/\d\n/);
    clock.advance(60_000);
    expect(await asked).toMatchObject({
      error: { code: 'SP-APPROVAL-FAILED', details: { message: 'it did not answer within 60s' } },
    });
    process.kill(Number(await readFile(join(home, 'child'), 'utf8')), 'SIGKILL');
  });
});

describe('the settings of an approval', () => {
  it('are asked about the environments that they name', () => {
    const all = { command: ['x'] };
    const production = { ...all, environments: ['production' as const] };
    expect(needsApproval(undefined, definition({ policy }))).toBe(false);
    expect(needsApproval(all, definition({}))).toBe(true);
    expect(needsApproval(production, definition({ policy }))).toBe(true);
    expect(needsApproval(production, definition({}))).toBe(false);
  });

  it.each([
    { command: [] },
    { command: 'x' },
    { command: ['x'], timeLimit: '11m' },
    { command: ['x'], timeLimit: '0' },
  ])('have limits: %j', (settings) => {
    expect(approvalSettingsSchema.safeParse(settings).success).toBe(false);
  });
});
