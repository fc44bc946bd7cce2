import { formatDuration } from '../base/duration.ts';
import { count, newPodWords, podWords, timeWords } from '../client/tunnel-words.ts';
import type { LogLine } from '../contract/control-tunnel.ts';
import { type ErrorCode, type ErrorDetails, errorText } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { ShownState } from '../contract/tunnel-state.ts';
import { type Colors, paintedGlyph } from './paint.ts';

/** A kubelet may send a page; `--json` has the whole of it. */
const maxWords = 240;

/** Reads the lines of one tunnel's log, the oldest first: what a line says may depend on those before it. */
export class LogLineWords {
  readonly #colors: Colors;
  /** The pod that answered last, to tell a new one of the same name. */
  #lastPod: PodIdentity | undefined;

  constructor(colors: Colors) {
    this.#colors = colors;
  }

  /** 2026-11-20 14:03:12 ● ready · postgres-0 is a new pod, 7f3a, was 2c98 · node-1 · gap 3.1 s */
  of({ atMs, level, event, fields }: LogLine): string {
    const { dim, yellow } = this.#colors;
    const state = event === 'tunnel state' ? this.#state(fields) : undefined;
    const warned = level === 'warn' ? yellow('warn ') : '';
    return `${dim(timeWords(atMs))} ${state ?? `${warned}${event}${factWords(fields, this.#colors)}`}`;
  }

  /** Undefined for what a newer daemon may say. */
  #state(fields: LogLine['fields']): string | undefined {
    const situation = this.#situation(fields);
    if (!situation) return undefined;
    const { shown, words } = situation;
    const { held, served, gapMs } = fields;
    const facts = [
      `${paintedGlyph(shown, this.#colors)} ${shown}`,
      words,
      typeof served === 'number' && served > 0 ? `${count(served, 'held connection')} served` : '',
      typeof held === 'number' && held > 0 ? `${count(held, 'connection')} held` : '',
      typeof gapMs === 'number' ? `gap ${formatDuration(gapMs)}` : '',
    ];
    return facts.filter((fact) => fact !== '').join(' · ');
  }

  #situation(fields: LogLine['fields']): { shown: ShownState; words: string } | undefined {
    const { kind, step, pod, lastPod, reason, error } = fields;
    switch (kind) {
      case 'connecting':
        return { shown: kind, words: String(step) };
      case 'ready': {
        const now = podIdentityOf(pod);
        if (!now) return undefined;
        const words = newPodWords(now, this.#lastPod);
        this.#lastPod = now;
        return { shown: kind, words };
      }
      case 'waiting':
        this.#lastPod = podIdentityOf(lastPod) ?? this.#lastPod;
        return { shown: kind, words: headlineOf(reason) };
      case 'blocked':
        return { shown: 'needs you', words: headlineOf(error) };
      case 'off':
        return { shown: kind, words: headlineOf(reason) };
    }
    return undefined;
  }
}

/** : what went wrong, or each fact by its name. */
function factWords(fields: LogLine['fields'], { dim }: Colors): string {
  const whole = 'details' in fields ? fields : { code: fields.code, details: fields };
  const sentence = headlineOf(whole);
  if (sentence !== '') return `: ${sentence}`;
  return Object.entries(fields)
    .filter(([field, value]) => isWorthALine(field, value))
    .map(([field, value]) => {
      const isDuration = field.endsWith('Ms') && typeof value === 'number';
      const [name, words] = isDuration ? [field.slice(0, -2), formatDuration(value)] : [field, plain(value)];
      return ` ${dim(`${name}=`)}${words}`;
    })
    .join('');
}

/** The sentence of an error; empty for what is none. */
function headlineOf(value: unknown): string {
  const { code, details } = { ...(value as { readonly code?: unknown; readonly details?: unknown }) };
  if (typeof code !== 'string' || !/^SP-/.test(code) || typeof details !== 'object') return '';
  return short(errorText({ code: code as ErrorCode, details: { ...details } as ErrorDetails }).headline);
}

/** The line has the tunnel's name and its own time already. */
function isWorthALine(field: string, value: unknown): boolean {
  return (
    value !== undefined && field !== 'tunnel' && field !== 'sinceMs' && !(field === 'held' && value === 0)
  );
}

function plain(value: unknown): string {
  const pod = podIdentityOf(value);
  if (pod) return podWords(pod);
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : short(JSON.stringify(value));
}

function podIdentityOf(value: unknown): PodIdentity | undefined {
  const isPod = typeof value === 'object' && value !== null && 'uid' in value && 'hostNetwork' in value;
  return isPod ? (value as PodIdentity) : undefined;
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > maxWords ? `${line.slice(0, maxWords)}…` : line;
}
