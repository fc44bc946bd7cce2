import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { daemonNodeFlags } from '../../src/cli/process-cli.ts';
import type { Control } from '../../src/client/control.ts';
import { product } from '../support/command.ts';
import { CommandLineUser } from '../support/command-line-user.ts';
import type { World } from './daemon-world.ts';

const startTimeoutMs = 30_000;
const lookEveryMs = 2;

/** A user of the machine with profiles t0, t1, … that all lead to the world's test server. */
export async function userWithProfiles(
  world: World,
  count: number,
  profile: object = {},
): Promise<{ readonly user: CommandLineUser; readonly names: readonly string[] }> {
  const user = await CommandLineUser.create({ KUBECONFIG: world.kubeconfig });
  const { server, namespace } = world;
  const shared = {
    cluster: { server },
    namespace,
    target: 'statefulset/net/0',
    port: 'identity',
    ...profile,
  };
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  await user.home.writeProfiles({ profiles: Object.fromEntries(names.map((name) => [name, shared])) });
  return { user, names };
}

/** The daemon that ships, as a child that can be killed. */
export class Daemon implements AsyncDisposable {
  readonly startedMs = performance.now();
  readonly #child: ChildProcess;
  readonly #user: CommandLineUser;

  constructor(user: CommandLineUser) {
    this.#user = user;
    this.#child = spawn(process.execPath, [...daemonNodeFlags, product, 'daemon'], {
      env: user.env,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  static async ready(user: CommandLineUser): Promise<Daemon> {
    const daemon = new Daemon(user);
    await daemon.answers();
    return daemon;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Since its start, ms. */
  get ageMs(): number {
    return performance.now() - this.startedMs;
  }

  control(): Control & AsyncDisposable {
    return this.#user.home.control();
  }

  /** Waits until its socket takes connections. */
  answers(): Promise<void> {
    return accepts({ path: this.#user.home.places.socket });
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** Looks again and again until somebody listens there. */
export async function accepts(where: { readonly path: string } | { readonly port: number }): Promise<void> {
  const untilMs = performance.now() + startTimeoutMs;
  while (!(await isListening(where))) {
    if (performance.now() > untilMs) throw new Error(`nobody listens at ${JSON.stringify(where)}`);
    await sleep(lookEveryMs);
  }
}

function isListening(where: { readonly path: string } | { readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = 'path' in where ? connect(where.path) : connect({ host: '127.0.0.1', ...where });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
