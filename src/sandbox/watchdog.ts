import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Ends the given processes when this process ends in a way that gives it no chance to, SIGKILL above all. It is a small shell whose
 * input is a pipe from here: the system closes the pipe, the shell reads the end. There is no such shell on Windows: nothing is
 * watched there.
 */
export class Watchdog implements AsyncDisposable {
  readonly #folder: string;
  #shell: ChildProcess | undefined;

  /** `folder` is removed too in that case: it must be one that was made for this alone. Remove it before this is disposed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  start(): void {
    if (process.platform === 'win32' || this.#shell) return;
    const shell = spawn('/bin/sh', ['-c', script, 'sallyport-watchdog', this.#folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // A group of its own: Ctrl-C in the terminal must not end it before what it watches.
      detached: true,
    });
    shell.on('error', () => {});
    shell.stdin?.on('error', () => {});
    shell.unref();
    this.#shell = shell;
  }

  add(pid: number): void {
    this.#shell?.stdin?.write(`add ${pid}\n`);
  }

  remove(pid: number): void {
    this.#shell?.stdin?.write(`remove ${pid}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const shell = this.#shell;
    this.#shell = undefined;
    if (!shell || shell.exitCode !== null || shell.pid === undefined) return;
    // While it is waited for, it must keep this process alive.
    shell.ref();
    const exited = once(shell, 'exit');
    shell.stdin?.end('done\n');
    await exited;
  }
}

/** A folder of its own for what `cleanup` is the end of; it goes too where a second Ctrl-C or worse leaves no time for that. */
export async function watchedFolder(prefix: string, cleanup: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  cleanup.use(new Watchdog(folder)).start();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** SIGQUIT is Postgres' immediate shutdown: it ends its own children within seconds. Then SIGKILL for what is left. */
const script = `
pids=
while read -r order pid; do
  case $order in
    add) pids="$pids $pid" ;;
    remove) left=; for each in $pids; do [ "$each" = "$pid" ] || left="$left $each"; done; pids=$left ;;
    done) exit 0 ;;
  esac
done
for each in $pids; do kill -QUIT "$each" 2>/dev/null; done
for each in $pids; do
  tries=0
  while kill -0 "$each" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || kill -KILL "$each" 2>/dev/null
    [ $tries -lt 70 ] || break
    sleep 0.1
  done
done
# Somebody may still write there: another of these, with processes of its own to end first.
tries=0
while [ -e "$1" ] && [ $tries -lt 100 ]; do
  tries=$((tries + 1))
  rm -rf -- "$1" 2>/dev/null || sleep 0.1
done
`;
