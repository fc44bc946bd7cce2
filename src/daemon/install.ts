import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../base/app-error.ts';
import { replaceFile } from '../base/replace-file.ts';

/** A file that makes the platform start the daemon at login, and the commands that make it take notice. */
export interface Installation {
  readonly path: string;
  readonly content: string;
  readonly enable: readonly Command[];
  readonly disable: readonly Command[];
}

type Command = readonly [string, ...string[]];

export interface InstallOptions {
  readonly platform: NodeJS.Platform;
  /** What runs the daemon in the foreground: an absolute path and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly home: string;
  readonly uid: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a login does not know and the daemon needs. On Windows a user's variables are there at login too. */
  readonly daemonEnv: Readonly<Record<'KUBECONFIG' | 'PATH', string | undefined>>;
}

const label = 'io.sallyport.daemon';
const commandTimeoutMs = 30_000;

/** What is to be written and run on this platform. Pure. Throws SP-DAEMON-INSTALL where it is not known. */
export function installation(options: InstallOptions): Installation {
  switch (options.platform) {
    case 'linux':
      return systemdUnit(options);
    case 'darwin':
      return launchAgent(options);
    case 'win32':
      return windowsTask(options);
    default:
      throw new AppError('SP-DAEMON-INSTALL', { message: `no way is known on ${options.platform}` });
  }
}

/** Writes the file and enables it. Throws SP-DAEMON-INSTALL with the command that failed. */
export async function install(options: InstallOptions): Promise<Installation> {
  const found = installation(options);
  await mkdir(dirname(found.path), { recursive: true });
  await replaceFile(found.path, found.content, { mode: 0o644 });
  for (const command of found.enable) await run(command);
  return found;
}

/** Disables it and removes the file; what is not there is no error. */
export async function uninstall(options: InstallOptions): Promise<void> {
  const { path, disable } = installation(options);
  for (const command of disable) await run(command).catch(() => {});
  await rm(path, { force: true });
}

function systemdUnit({ command, home, env, daemonEnv }: InstallOptions): Installation {
  const folder = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(home, '.config');
  const content = `[Unit]
Description=Sallyport tunnels into Kubernetes

[Service]
${variables(daemonEnv)
  .map(([name, value]) => `Environment=${systemdQuoted(`${name}=${value}`, 'variable')}\n`)
  .join('')}ExecStart=${command.map((argument) => systemdQuoted(argument, 'argument')).join(' ')}
Restart=on-failure
RestartSec=1
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
`;
  const control = (...args: string[]): Command => ['systemctl', '--user', ...args];
  return {
    path: join(folder, 'systemd', 'user', 'sallyport.service'),
    content,
    enable: [control('daemon-reload'), control('enable', '--now', 'sallyport.service')],
    disable: [control('disable', '--now', 'sallyport.service')],
  };
}

function variables(env: InstallOptions['daemonEnv']): [string, string][] {
  return Object.entries(env).flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []));
}

/** systemd.service(5), command lines: quotes, backslashes, % and $ mean something; systemd.exec(5), Environment=: $ does not. */
function systemdQuoted(text: string, of: 'argument' | 'variable'): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('\n', '\\n');
  return `"${of === 'argument' ? escaped.replaceAll('$', '$$$$') : escaped}"`;
}

function launchAgent({ command, home, uid, daemonEnv }: InstallOptions): Installation {
  const path = join(home, 'Library', 'LaunchAgents', `${label}.plist`);
  const content = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${label}</string>
  <key>ProgramArguments</key>
  <array>
${command.map((argument) => `    <string>${xmlEscaped(argument)}</string>`).join('\n')}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables(daemonEnv)
  .map(([name, value]) => `    <key>${name}</key>\n    <string>${xmlEscaped(value)}</string>`)
  .join('\n')}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>Umask</key>
  <integer>63</integer>
  <key>ProcessType</key>
  <string>Interactive</string>
</dict>
</plist>
`;
  const domain = `gui/${uid ?? 501}`;
  return {
    path,
    content,
    enable: [['launchctl', 'bootstrap', domain, path]],
    disable: [['launchctl', 'bootout', `${domain}/${label}`]],
  };
}

function windowsTask({ command, home, env }: InstallOptions): Installation {
  const [program, ...args] = command;
  const folder = env.LOCALAPPDATA ?? join(home, 'AppData', 'Local');
  const path = join(folder, 'sallyport', 'daemon-task.xml');
  const content = `<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Sallyport tunnels into Kubernetes</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>${xmlEscaped(`${env.USERDOMAIN ?? '.'}\\${env.USERNAME ?? ''}`)}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>${xmlEscaped(program)}</Command>
      <Arguments>${xmlEscaped(args.map(windowsQuoted).join(' '))}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
  return {
    path,
    content,
    enable: [
      ['schtasks', '/Create', '/F', '/TN', 'Sallyport', '/XML', path],
      ['schtasks', '/Run', '/TN', 'Sallyport'],
    ],
    disable: [['schtasks', '/Delete', '/F', '/TN', 'Sallyport']],
  };
}

function xmlEscaped(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** As CommandLineToArgvW reads it: backslashes count only before a quote. */
function windowsQuoted(argument: string): string {
  return `"${argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

async function run([program, ...args]: Command): Promise<void> {
  try {
    await promisify(execFile)(program, args, { timeout: commandTimeoutMs });
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const line = [program, ...args].join(' ');
    throw new AppError('SP-DAEMON-INSTALL', { message: `${line}: ${stderr?.trim() || message}` }, error);
  }
}
