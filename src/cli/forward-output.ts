import type { Clock, Timer } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { count, hostPort, podWords, shortUid } from '../client/tunnel-words.ts';
import { type ErrorData, errorText } from '../contract/error-codes.ts';
import type { ForwardEvent } from '../contract/forward-event.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { ShownState, TunnelState } from '../contract/tunnel-state.ts';
import type { Output } from './cli.ts';
import { type Colors, paintedGlyph } from './paint.ts';

/** Takes the events of `forward` and shows them. */
export interface ForwardOutput {
  print(event: ForwardEvent): void;
  /** Leaves the terminal as it was found. */
  end(): void;
}

/** One event a line on stdout. */
export function jsonOutput(stdout: Output): ForwardOutput {
  return { print: (event) => stdout.write(`${JSON.stringify(event)}\n`), end() {} };
}

export interface HumanOutputOptions {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  readonly colors: Colors;
  readonly verbosity: 'quiet' | 'normal' | 'verbose';
  /** Local ports as asked for, where there are several tunnels to tell apart. */
  readonly names: readonly string[];
}

/** States in which a person waits, so that on a terminal the line counts the time. */
const counting: readonly ShownState[] = ['connecting', 'waiting'];
/** A step that takes longer than this is worth a line. */
const worthALineMs = 1000;
/** Refusals that are remembered, so that each is said once. */
const maxDenials = 100;

type LiveText = (elapsedMs: number) => string;

/**
 * kubectl's lines on stdout; states on stderr, one line a change. On a terminal the line of a waiting tunnel counts in place; what
 * a script reads is the same with and without a terminal.
 */
export class HumanOutput implements ForwardOutput {
  readonly #options: HumanOutputOptions;
  /** The last pod each tunnel was ready with, to tell a new one of the same name. */
  readonly #lastPod = new Map<number, PodIdentity>();
  /** What was printed last, but for the numbers in it: the same is not said twice. */
  readonly #lastSituation = new Map<number, string>();
  readonly #denials = new Set<string>();
  #live: { readonly tunnel: number; readonly text: LiveText; readonly sinceMs: number } | undefined;
  #timer: Timer | undefined;

  constructor(options: HumanOutputOptions) {
    this.#options = options;
  }

  print(event: ForwardEvent): void {
    switch (event.event) {
      case 'listening': {
        // A unix socket's path has no port.
        const local = event.port === undefined ? event.address : hostPort(event.address, event.port);
        this.#settleLive();
        this.#options.stdout.write(`Forwarding from ${local} -> ${event.remotePort ?? '?'}\n`);
        return;
      }
      case 'state':
        return this.#printState(event);
      case 'connection-start':
        if (this.#options.verbosity === 'verbose') {
          const pod = `${event.pod.name} · ${shortUid(event.pod.uid)}`;
          this.#line(`  connection ${event.connection} to ${pod}${heldWords(event.heldMs)}`);
        }
        return;
      case 'connection-end':
        if (this.#options.verbosity === 'verbose') {
          const why = event.error ? `: ${errorText(event.error).headline}` : '';
          const bytes = `${event.receivedBytes} bytes received, ${event.sentBytes} sent`;
          this.#line(`  connection ${event.connection} ended, ${bytes}${why}`);
        }
        return;
      case 'connection-denied':
        return this.#printDenied(event.error);
      case 'error':
        // The command's one error is printed by the command line itself.
        return;
    }
  }

  end(): void {
    this.#settleLive();
  }

  #printState(event: Extract<ForwardEvent, { event: 'state' }>): void {
    if (this.#options.verbosity === 'quiet' || event.shown === 'off') return;
    const name = this.#options.names.length > 1 ? `${this.#options.names[event.tunnel]} ` : '';
    const words = this.#words(event);
    const line = `${name}${paintedGlyph(event.shown, this.#options.colors)} `;
    const text = (elapsedMs: number) => {
      const counted = elapsedMs >= worthALineMs && counting.includes(event.shown);
      const state = counted ? `${event.shown} ${formatDuration(elapsedMs)}` : event.shown;
      return `${line}${state.padEnd(9)} ${words}`;
    };
    const situation = `${event.shown} ${situationWords(event.state)}`;
    const isNews = this.#lastSituation.get(event.tunnel) !== situation;
    if (this.#options.stderr.isTTY && counting.includes(event.shown)) {
      this.#lastSituation.set(event.tunnel, situation);
      this.#count({ tunnel: event.tunnel, text, isNews });
      return;
    }
    // A first connecting that lasts a few milliseconds says nothing; where it lasts, the reason follows as a state of its own.
    if (event.shown === 'connecting' || !isNews) return;
    this.#lastSituation.set(event.tunnel, situation);
    this.#line(text(0));
  }

  /** Once for each reason, as who is refused tries again. */
  #printDenied(error: ErrorData): void {
    const { headline, next } = errorText(error);
    if (this.#options.verbosity === 'quiet' || this.#denials.has(headline)) return;
    if (this.#denials.size < maxDenials) this.#denials.add(headline);
    this.#line(`refused   ${headline}; ${next}`);
  }

  #words(event: Extract<ForwardEvent, { event: 'state' }>): string {
    const { state, held } = event;
    const heldNow = held > 0 ? ` · ${count(held, 'connection')} held` : '';
    switch (state.kind) {
      case 'ready': {
        const before = this.#lastPod.get(event.tunnel);
        this.#lastPod.set(event.tunnel, state.pod);
        const replaced = before && before.name === state.pod.name && before.uid !== state.pod.uid;
        const name = replaced ? `${state.pod.name} is a new pod` : state.pod.name;
        const served = event.served ? ` · ${count(event.served, 'held connection')} served` : '';
        const gap = event.gapMs === undefined ? '' : ` · gap ${formatDuration(event.gapMs)}`;
        return `${podWords({ ...state.pod, name })}${served}${gap}${polledWords(state)}`;
      }
      case 'waiting':
        return `${errorText(state.reason).headline}${heldNow}${polledWords(state)}`;
      case 'blocked': {
        const { headline, next } = errorText(state.error);
        return `${headline}${heldNow}${next ? `\n            next: ${next.replaceAll('\n', '\n            ')}` : ''}`;
      }
      case 'connecting':
        return `${state.step}${heldNow}`;
      case 'off':
        return '';
    }
  }

  #line(text: string): void {
    this.#settleLive();
    this.#options.stderr.write(`${text}\n`);
  }

  /** A line that counts the time; in the same situation, as when one more connection waits, it counts on. */
  #count({ tunnel, text, isNews }: { tunnel: number; text: LiveText; isNews: boolean }): void {
    const live = this.#live;
    const goesOn = live !== undefined && live.tunnel === tunnel && !isNews;
    if (goesOn) this.#timer?.cancel();
    else this.#settleLive();
    this.#live = { tunnel, text, sinceMs: goesOn ? live.sinceMs : this.#options.clock.nowMs() };
    this.#tick();
  }

  #tick(): void {
    const live = this.#live;
    if (!live) return;
    const elapsedMs = this.#options.clock.nowMs() - live.sinceMs;
    if (elapsedMs >= worthALineMs || !live.text(0).includes('connecting')) {
      this.#options.stderr.write(`\r\x1b[2K${live.text(elapsedMs)}`);
    }
    this.#timer = this.#options.clock.after(1000, () => this.#tick());
  }

  /** Ends the counting line: what it said last stays, unless it never was worth saying. */
  #settleLive(): void {
    const live = this.#live;
    if (!live) return;
    this.#live = undefined;
    this.#timer?.cancel();
    const elapsedMs = this.#options.clock.nowMs() - live.sinceMs;
    if (elapsedMs >= worthALineMs || !live.text(0).includes('connecting')) {
      this.#options.stderr.write(`\r\x1b[2K${live.text(elapsedMs)}\n`);
    }
  }
}

function situationWords(state: TunnelState): string {
  switch (state.kind) {
    case 'ready':
      return `${state.pod.uid} ${podWords(state.pod)}${polledWords(state)}`;
    case 'waiting':
      return errorText(state.reason).headline;
    case 'blocked':
      return errorText(state.error).headline;
    case 'connecting':
    case 'off':
      return state.kind;
  }
}

function heldWords(heldMs: number): string {
  return heldMs >= 1 ? ` after ${formatDuration(heldMs)}` : '';
}

/** Without the right to watch, what is shown may be some seconds old. */
function polledWords({ polled }: { readonly polled?: true | undefined }): string {
  return polled ? ' · may not watch: looks every 5 s' : '';
}
