import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { install, installation, uninstall } from './install.ts';

const nasty = ['/opt/my apps/sally"port', 'daemon', '100%', '$HOME', 'a\\b', '<&>'] as [string, ...string[]];
const daemonEnv = { KUBECONFIG: '/my clusters/100%:$HOME/"b\\', PATH: '/opt/bin:/usr/bin' };
const at = (platform: NodeJS.Platform, command: [string, ...string[]] = nasty) =>
  installation({
    platform,
    command,
    home: '/home/dev',
    uid: 1000,
    env: { USERDOMAIN: 'CORP', USERNAME: 'dev' },
    daemonEnv,
  });

describe('a systemd unit', () => {
  const { path, content, enable } = at('linux');
  it('is in the folder of the user, and enabled there', () => {
    expect(path).toBe('/home/dev/.config/systemd/user/sallyport.service');
    expect(enable.at(-1)).toEqual(['systemctl', '--user', 'enable', '--now', 'sallyport.service']);
  });

  it('keeps each argument one argument', () => {
    expect(/^ExecStart=(.*)$/m.exec(content)?.[1]).toBe(
      '"/opt/my apps/sally\\"port" "daemon" "100%%" "$$HOME" "a\\\\b" "<&>"',
    );
  });

  it('gives the daemon the kubeconfig and PATH of who installs it, which a login knows nothing of', () => {
    expect(content.match(/^Environment=.*$/gm)).toEqual([
      'Environment="KUBECONFIG=/my clusters/100%%:$HOME/\\"b\\\\"',
      'Environment="PATH=/opt/bin:/usr/bin"',
    ]);
  });

  it('follows XDG_CONFIG_HOME', () => {
    const options = {
      platform: 'linux',
      command: nasty,
      home: '/h',
      uid: 1,
      env: { XDG_CONFIG_HOME: '/x' },
      daemonEnv: { KUBECONFIG: undefined, PATH: undefined },
    } as const;
    const { path: elsewhere, content: plain } = installation(options);
    expect(elsewhere).toBe('/x/systemd/user/sallyport.service');
    expect(plain).not.toContain('Environment=');
  });
});

/** What an XML reader that is not ours makes of the texts of one element. */
function textsOf(xml: string, element: string): string[] {
  const program = `
import sys, json, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.read())
print(json.dumps([each.text for each in root.iter() if each.tag.split('}')[-1] == sys.argv[1]]))`;
  return JSON.parse(execFileSync('python3', ['-c', program, element], { input: xml, encoding: 'utf8' }));
}

it('makes a launchd agent that an XML reader takes as it was meant', () => {
  const { path, content, disable } = at('darwin');
  expect(path).toBe('/home/dev/Library/LaunchAgents/io.sallyport.daemon.plist');
  expect(textsOf(content, 'string').slice(1, -1)).toEqual([...nasty, daemonEnv.KUBECONFIG, daemonEnv.PATH]);
  expect(disable).toEqual([['launchctl', 'bootout', 'gui/1000/io.sallyport.daemon']]);
});

it('makes a Windows task for this user alone', () => {
  const { content, enable } = at('win32', [
    'C:\\Program Files\\sallyport.exe',
    'daemon',
    'say "hi"',
    'ends\\',
  ]);
  expect(textsOf(content, 'Command')).toEqual(['C:\\Program Files\\sallyport.exe']);
  expect(textsOf(content, 'Arguments')).toEqual(['"daemon" "say \\"hi\\"" "ends\\\\"']);
  expect(textsOf(content, 'UserId')).toEqual(['CORP\\dev']);
  expect(enable[0]).toContain('schtasks');
});

it('says so where no way is known', () => {
  expect(() => at('aix')).toThrow(expect.objectContaining({ code: 'SP-DAEMON-INSTALL' }));
});

describe('install', () => {
  const folders: string[] = [];
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  /** A home, and a systemctl before all others on PATH that writes down what it was asked and ends as told. */
  async function machine(exitCode: number) {
    const home = await mkdtemp(join(tmpdir(), 'install-'));
    folders.push(home);
    const log = join(home, 'log');
    const program = join(home, 'systemctl');
    await writeFile(program, `#!/bin/sh\necho "$@" >> ${log}\necho no bus >&2\nexit ${exitCode}\n`);
    await chmod(program, 0o755);
    vi.stubEnv('PATH', `${home}:${process.env.PATH}`);
    const options = {
      platform: 'linux',
      command: ['/usr/bin/sallyport', 'daemon'],
      home,
      uid: 1000,
      env: {},
      daemonEnv: { KUBECONFIG: undefined, PATH: undefined },
    } as const;
    return { options, asked: () => readFile(log, 'utf8') };
  }

  it('writes the unit and enables it, and takes both back', async () => {
    const { options, asked } = await machine(0);
    const { path, content } = await install(options);
    expect(await readFile(path, 'utf8')).toBe(content);
    expect(await asked()).toBe('--user daemon-reload\n--user enable --now sallyport.service\n');
    await uninstall(options);
    await uninstall(options);
    expect(await readdir(dirname(path))).toEqual([]);
  });

  it('says which command failed, and how', async () => {
    const { options } = await machine(1);
    await expect(install(options)).rejects.toMatchObject({
      code: 'SP-DAEMON-INSTALL',
      details: { message: 'systemctl --user daemon-reload: no bus' },
    });
  });
});
