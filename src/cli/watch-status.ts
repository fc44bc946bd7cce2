import { AppError } from '../base/app-error.ts';
import type { Timer } from '../base/clock.ts';
import type { ControlView } from '../client/control-view.ts';
import { localWords, newPodWords, podWords, situation, timeWords } from '../client/tunnel-words.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { errorText } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { chooseTunnels } from './choose-tunnels.ts';
import type { Cli } from './cli.ts';
import { colorsFor, paintedGlyph } from './paint.ts';
import { printJsonLine } from './print-json.ts';
import { statusTable } from './status-table.ts';

export interface StatusFlags {
  readonly all: boolean;
  readonly watch: boolean;
  readonly json: boolean;
}

/** Takes the tunnels as they are after each change. */
interface StatusDisplay extends Disposable {
  show(tunnels: readonly TunnelEntity[]): void;
  lost(error: AppError): void;
}

/** Shows what changes until a signal ends it, also over restarts of the daemon. */
export async function watchStatus(names: readonly string[], flags: StatusFlags, cli: Cli): Promise<void> {
  using ending = cli.untilSignal();
  const control = await cli.control();
  // Started on demand, and names that are not there are said, before anything is shown.
  const { tunnels } = await control.call('tunnels', {});
  chooseTunnels(tunnels, names, flags.all);
  using display = createDisplay(flags, cli);
  await new Promise<void>((resolve, reject) => {
    using cleanup = new DisposableStack();
    const choose = ({ tunnels }: ControlView) => {
      const all = [...tunnels.values()];
      const there = names.filter((name) => all.some((tunnel) => tunnel.id === name || tunnel.name === name));
      return names.length > 0 && there.length === 0 ? [] : chooseTunnels(all, there, flags.all);
    };
    const subscription = cleanup.use(
      control.subscribe({
        onView: (view) => display.show(choose(view)),
        onLost(error, final) {
          if (final) return reject(error);
          display.lost(AppError.from(error));
        },
      }),
    );
    cleanup.move();
    ending.addEventListener('abort', () => {
      subscription[Symbol.dispose]();
      resolve();
    });
  });
}

function createDisplay({ json }: StatusFlags, cli: Cli): StatusDisplay {
  if (json) return new JsonDisplay(cli);
  return cli.stdout.isTTY ? new TableDisplay(cli) : new LineDisplay(cli);
}

/** All at first and whenever the daemon is back, then what differs. */
class JsonDisplay implements StatusDisplay {
  readonly #cli: Cli;
  #before: ReadonlyMap<string, TunnelEntity> | undefined;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  show(tunnels: readonly TunnelEntity[]): void {
    const print = (event: Parameters<typeof printJsonLine<'status --watch'>>[2]) =>
      printJsonLine(this.#cli, 'status --watch', event);
    const before = this.#before;
    this.#before = new Map(tunnels.map((tunnel) => [tunnel.id, tunnel]));
    if (!before) return print({ event: 'tunnels', tunnels: [...tunnels] });
    for (const tunnel of tunnels) {
      if (before.get(tunnel.id) !== tunnel) print({ event: 'tunnel', tunnel });
    }
    for (const id of before.keys()) if (!this.#before.has(id)) print({ event: 'tunnel-gone', id });
  }

  lost(error: AppError): void {
    this.#before = undefined;
    printJsonLine(this.#cli, 'status --watch', { event: 'daemon-lost', error: error.toData() });
  }

  [Symbol.dispose](): void {}
}

/** One line a change, with its time: what a log takes. Counters are no change. */
class LineDisplay implements StatusDisplay {
  readonly #cli: Cli;
  #said = new Map<string, string>();
  /** By tunnel: the pod that answered last, to tell a new one of the same name. */
  readonly #lastPods = new Map<string, PodIdentity>();

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  show(tunnels: readonly TunnelEntity[]): void {
    const said = new Map<string, string>();
    for (const tunnel of tunnels) {
      const words = lineOf(tunnel, this.#cli);
      said.set(tunnel.id, words);
      if (this.#said.get(tunnel.id) !== words) this.#line(this.#withNews(words, tunnel));
    }
    for (const id of this.#said.keys()) if (!said.has(id)) this.#line(`○ ${id.replace(/^user\//, '')} off`);
    this.#said = said;
  }

  lost(error: AppError): void {
    this.#line(errorText(error.toData()).headline);
  }

  [Symbol.dispose](): void {}

  /** What is new of a pod is said once; the line itself tells whether anything has changed. */
  #withNews(words: string, { id, state }: TunnelEntity): string {
    if (state.kind === 'waiting' && state.lastPod) this.#lastPods.set(id, state.lastPod);
    if (state.kind !== 'ready') return words;
    const before = this.#lastPods.get(id);
    this.#lastPods.set(id, state.pod);
    return words.replace(podWords(state.pod), newPodWords(state.pod, before));
  }

  #line(text: string): void {
    this.#cli.stdout.write(`${timeWords(this.#cli.clock.wallMs())} ${text}\n`);
  }
}

function lineOf(tunnel: TunnelEntity, cli: Cli): string {
  const { name, shown } = tunnel;
  const facts = [situation(tunnel, cli.program), localWords(tunnel)].filter((fact) => fact !== '');
  return [`${paintedGlyph(shown, colorsFor(cli.stdout, cli))} ${name} ${shown}`, ...facts].join(' · ');
}

/** How often a table that shows times is drawn anew while nothing changes. */
const [waitingEveryMs, restingEveryMs] = [1_000, 30_000];

/** The table, drawn over itself. */
class TableDisplay implements StatusDisplay {
  readonly #cli: Cli;
  #tunnels: readonly TunnelEntity[] = [];
  #note = '';
  #lines = 0;
  #timer: Timer | undefined;

  constructor(cli: Cli) {
    this.#cli = cli;
    // The cursor has no place in a table.
    cli.stdout.write('\x1b[?25l');
  }

  show(tunnels: readonly TunnelEntity[]): void {
    this.#tunnels = tunnels;
    this.#note = '';
    this.#draw();
  }

  lost(error: AppError): void {
    this.#note = `\n${errorText(error.toData()).headline}; as it was before:\n`;
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#cli.stdout.write('\x1b[?25h');
  }

  #draw(): void {
    this.#timer?.cancel();
    const { stdout, clock } = this.#cli;
    const text = `${this.#note}${statusTable(this.#tunnels, this.#cli)}`;
    const up = this.#lines > 0 ? `\x1b[${this.#lines}A` : '';
    // Auto-wrap off: a line that wraps would be two to go up over. One write: a table is never seen half drawn.
    stdout.write(`${up}\r\x1b[J\x1b[?7l${text}\x1b[?7h`);
    this.#lines = text.split('\n').length - 1;
    const isWaiting = this.#tunnels.some(({ shown }) => shown === 'waiting' || shown === 'connecting');
    this.#timer = clock.after(isWaiting ? waitingEveryMs : restingEveryMs, () => this.#draw());
  }
}
