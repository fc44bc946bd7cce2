import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { firstLine, useMachine } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';

const machine = useMachine();

async function project(name: string, more: object = {}): Promise<string> {
  const folder = join(machine.home.dir, name);
  await mkdir(folder);
  const net = {
    cluster: { server: machine.sandbox.server },
    namespace: 'default',
    target: 'statefulset/net/0',
    port: 'identity',
    ...more,
  };
  const file = join(folder, 'sallyport.yaml');
  await writeFile(file, JSON.stringify({ version: 1, profiles: { net } }));
  return folder;
}

it('serves every project that commands are given in, however many, and keeps those whose tunnels are up', async () => {
  const local = await freePort();
  const first = await project('first', { onDemand: true, local });
  await machine.home.writeProfiles({});
  machine.stack.use(await machine.home.start());
  const control = machine.stack.use(machine.home.control());
  const { profiles } = await control.call('profiles', { folder: first });
  await control.call('trust', { profile: 'net', folder: first, hash: profiles[0]!.hash });
  for (let index = 0; index < 66; index++) {
    const folder = await project(`p${index}`);
    const found = await control.call('profiles', { folder });
    expect(found.profiles.map(({ source }) => source)).toContain(join(folder, 'sallyport.yaml'));
  }
  const { sources } = await control.call('profiles', {});
  expect(sources.filter(({ kind }) => kind === 'project')).toHaveLength(64);
  expect(sources.map(({ key }) => key)).toContain(join(first, 'sallyport.yaml'));
  expect(await firstLine(local)).toMatch(/^net-0 /);
});
