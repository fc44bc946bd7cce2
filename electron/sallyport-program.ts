import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { AppError } from '../src/base/app-error.ts';
import type { ErrorCode, ErrorDetails } from '../src/contract/error-codes.ts';
import { terminalStart } from './client-terminal.ts';

export interface SallyportProgramOptions {
  readonly program: string;
  /** Of a login shell, which may take its time. Never rejects. */
  readonly env: Promise<Readonly<Record<string, string>>>;
  readonly home: string;
  /** The user's own. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
}

const timeoutMs = 30_000;
const maxAnswerBytes = 256 * 1024;

/** The packed command line, for what it decides: which program talks to a database, and which opens an address. */
export class SallyportProgram {
  readonly #options: SallyportProgramOptions;

  constructor(options: SallyportProgramOptions) {
    this.#options = options;
  }

  /** Opens psql in a terminal. */
  async openPsql(tunnel: string): Promise<void> {
    const { program, platform, folder, env, home } = this.#options;
    const { words, script } = terminalStart({
      platform,
      words: [program, 'psql', '--', tunnel],
      folder,
      id: randomUUID(),
    });
    if (script) await writeFile(script.path, script.content, { mode: 0o700, flag: 'wx' });
    const [name, ...args] = words;
    const child = spawn(name, args, { env: await env, cwd: home, detached: true, stdio: 'ignore' });
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new AppError('SP-PROGRAM-MISSING', { program: name, next: 'run: sallyport psql NAME' }, error);
    }
    child.unref();
  }

  /** http in the browser, through the program that the system has for addresses. */
  async open(tunnel: string): Promise<void> {
    await this.#json(['open', '--json', '--', tunnel]);
  }

  /** What it answers, or throws the error that it answers. */
  async #json(args: readonly string[]): Promise<Record<string, unknown>> {
    const { program, home } = this.#options;
    const env = await this.#options.env;
    return new Promise((resolve, reject) => {
      const options = { env, cwd: home, timeout: timeoutMs, maxBuffer: maxAnswerBytes, windowsHide: true };
      execFile(program, args, options, (failed, stdout) => {
        const answer = parsed(stdout);
        const error = answer?.error as { code: ErrorCode; details: ErrorDetails } | undefined;
        if (error) reject(new AppError(error.code, error.details));
        else if (failed || !answer)
          reject(new AppError('SP-INTERNAL', { message: 'the command line did not answer' }, failed));
        else resolve(answer);
      });
    });
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
