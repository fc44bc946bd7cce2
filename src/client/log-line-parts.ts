import { formatDuration } from '../base/duration.ts';
import { plain } from '../base/plain.ts';
import type { LogLine } from '../contract/control-tunnel.ts';
import { type ErrorCode, type ErrorDetails, errorText } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { ShownState } from '../contract/tunnel-state.ts';
import { count, newPodWords, podWords } from './tunnel-words.ts';

/** A kubelet may send a page; who wants the whole of it asks for the fields. */
const maxWords = 240;

/** What a line says, for a face to set as it can. */
export interface LogLineParts {
  /** The line tells this state. */
  readonly shown?: ShownState;
  /** One sentence, or what happened in a few words. */
  readonly words: string;
  /** What else belongs to it, by name. */
  readonly facts: readonly { readonly name: string; readonly words: string }[];
}

/** Reads the lines of one tunnel's log, the oldest first: what a line says may depend on those before it. */
export class LogLineReader {
  /** The pod that answered last, to tell a new one of the same name. */
  #lastPod: PodIdentity | undefined;

  read({ event, fields }: LogLine): LogLineParts {
    const state = event === 'tunnel state' ? this.#state(fields) : undefined;
    if (state) return state;
    const sentence = headlineOf('details' in fields ? fields : { code: fields.code, details: fields });
    if (sentence !== '') return { words: `${event}: ${sentence}`, facts: [] };
    return { words: event, facts: factsOf(fields) };
  }

  /** Undefined for what a newer daemon may say. */
  #state(fields: LogLine['fields']): LogLineParts | undefined {
    const situation = this.#situation(fields);
    if (!situation) return undefined;
    const { held, served, gapMs } = fields;
    const words = [
      situation.words,
      typeof served === 'number' && served > 0 ? `${count(served, 'held connection')} served` : '',
      typeof held === 'number' && held > 0 ? `${count(held, 'connection')} held` : '',
      typeof gapMs === 'number' ? `gap ${formatDuration(gapMs)}` : '',
    ];
    return {
      shown: situation.shown,
      words: words.filter((fact) => fact !== '').join(' · '),
      facts: [],
    };
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

function factsOf(fields: LogLine['fields']): LogLineParts['facts'] {
  return Object.entries(fields)
    .filter(([field, value]) => isWorthALine(field, value))
    .map(([field, value]) => {
      const isDuration = field.endsWith('Ms') && typeof value === 'number';
      return isDuration
        ? { name: field.slice(0, -2), words: formatDuration(value) }
        : { name: field, words: valueWords(value) };
    });
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

function valueWords(value: unknown): string {
  const pod = podIdentityOf(value);
  if (pod) return podWords(pod);
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value)
    ? value
    : short(plain(JSON.stringify(value)));
}

function podIdentityOf(value: unknown): PodIdentity | undefined {
  const isPod = typeof value === 'object' && value !== null && 'uid' in value && 'hostNetwork' in value;
  return isPod ? (value as PodIdentity) : undefined;
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > maxWords ? `${line.slice(0, maxWords)}…` : line;
}
