import type { ListedCommand } from './listed-command.ts';

const tunnels = 'Tunnels:';
const connect = 'Connect:';
const profiles = 'Profiles and clusters:';
const program = 'Program:';

/** All commands but `forward` and `demo`, by what is needed to list them. A command line loads the one that it names. */
export const commandList: readonly ListedCommand[] = [
  {
    name: 'up',
    summary: 'bring tunnels up and wait until they are ready',
    heading: tunnels,
    load: () => import('./command/up.ts'),
  },
  {
    name: 'down',
    summary: 'take tunnels down and free their ports',
    heading: tunnels,
    load: () => import('./command/down.ts'),
  },
  {
    name: 'status',
    summary: 'show tunnels, the pods that answer now, and what needs you',
    heading: tunnels,
    load: () => import('./command/status.ts'),
  },
  {
    name: 'show',
    summary: 'show one tunnel with its past and its connections',
    heading: tunnels,
    load: () => import('./command/show.ts'),
  },
  {
    name: 'restart',
    summary: 'take tunnels down and up again on the same ports',
    heading: tunnels,
    load: () => import('./command/restart.ts'),
  },
  {
    name: 'pause',
    summary: 'let ports and cluster go until resume; without names all tunnels',
    heading: tunnels,
    load: () => import('./command/pause.ts'),
  },
  {
    name: 'resume',
    summary: 'bring paused tunnels back on the same ports; without names all',
    heading: tunnels,
    load: () => import('./command/resume.ts'),
  },
  {
    name: 'logs',
    summary: "print one tunnel's own history",
    heading: tunnels,
    load: () => import('./command/logs.ts'),
  },
  {
    name: 'url',
    summary: 'print a connection string: URI, psql, JDBC, …',
    heading: connect,
    load: () => import('./command/url.ts'),
  },
  {
    name: 'copy',
    summary: 'copy a connection string to the clipboard',
    heading: connect,
    load: () => import('./command/copy.ts'),
  },
  {
    name: 'psql',
    summary: 'run psql through a tunnel',
    heading: connect,
    passesOn: true,
    load: () => import('./command/psql.ts'),
  },
  {
    name: 'open',
    summary: 'open a tunnel in the browser, or in the program for its addresses',
    heading: connect,
    load: () => import('./command/open.ts'),
  },
  {
    name: 'run',
    summary: 'run a command with tunnels up and their addresses in its environment',
    heading: connect,
    load: () => import('./command/run.ts'),
  },
  {
    name: 'list',
    summary: 'list all profiles and groups',
    heading: profiles,
    load: () => import('./command/list.ts'),
  },
  {
    name: 'profile',
    summary: 'add, edit, check, import and agree to profiles',
    heading: profiles,
    load: () => import('./command/profile.ts'),
  },
  {
    name: 'password',
    summary: 'keep the password of a profile in the keychain, or forget it',
    heading: profiles,
    load: () => import('./command/password.ts'),
  },
  {
    name: 'pods',
    summary: 'show which pod a target means now, and why',
    heading: profiles,
    load: () => import('./command/pods.ts'),
  },
  {
    name: 'check',
    summary: 'check what a tunnel needs of the cluster, and what is missing',
    heading: profiles,
    load: () => import('./command/check.ts'),
  },
  {
    name: 'login',
    summary: "log in to a tunnel's cluster again",
    heading: profiles,
    load: () => import('./command/login.ts'),
  },
  {
    name: 'audit',
    summary: 'show, verify and export what is on record',
    heading: program,
    load: () => import('./command/audit.ts'),
  },
  {
    name: 'ui',
    summary: 'open the window in a browser',
    heading: program,
    load: () => import('./command/ui.ts'),
  },
  {
    name: 'daemon',
    summary: 'run, stop, restart or install what keeps tunnels up',
    heading: program,
    load: () => import('./command/daemon.ts'),
  },
  {
    name: 'completion',
    summary: "print a shell's completion script",
    heading: program,
    load: () => import('./command/completion.ts'),
  },
  {
    name: 'version',
    summary: 'print the versions of this program and of the daemon',
    heading: program,
    load: () => import('./command/version.ts'),
  },
];
