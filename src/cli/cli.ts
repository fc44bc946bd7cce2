import type { Clock } from '../base/clock.ts';
import type { Control } from '../client/control.ts';
import type { Asker } from './asker.ts';
import type { UntilSignalOptions } from './endings.ts';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface OpenControl {
  /** Whether a daemon is started where none runs. Default: yes. */
  readonly start?: boolean;
}

/** What commands see of the world around them. Tests give them one of their own. */
export interface Cli {
  /** What people type to run it: sallyport, or kubectl sallyport. */
  readonly program: string;
  readonly version: string;
  /** Without node, script and program. */
  readonly argv: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly cwd: string;
  readonly home: string;
  readonly uid: number | undefined;
  readonly platform: NodeJS.Platform;
  readonly clock: Clock;
  readonly stdin: { readonly isTTY?: boolean | undefined };
  readonly stdout: Output;
  readonly stderr: Output;
  /** The whole standard input as text, bounded. */
  readStdin(): Promise<string>;
  /** The daemon; nothing is opened before its first call. Ends with the command. */
  control(options?: OpenControl): Promise<Control>;
  /** Undefined where nobody can be asked. */
  readonly asker: Asker | undefined;
  /**
   * Aborts at the first SIGINT, SIGTERM or SIGHUP, and when nobody reads its output any more (SIGPIPE), with the signal's name as the
   * reason; they do not end the process then. A second signal does, at once.
   */
  untilSignal(options?: UntilSignalOptions): AbortSignal & Disposable;
  /** Runs a program on the terminal of this one until it ends; its exit code, 128 and the signal's number where a signal ended it. */
  runProgram(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<number>;
  /** Gives a text to the clipboard, and says by what. Throws SP-PROGRAM-MISSING. */
  copy(text: string): Promise<string>;
  /** Opens an address with the program that the system has for it. */
  openAddress(address: string): Promise<void>;
  setExitCode(code: number): void;
}
