export type LogLevel = 'debug' | 'info' | 'warn';

/** Structured log: one line an event, with fields. Fields never hold secrets (see Secret). */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export const silentLog: Log = { debug() {}, info() {}, warn() {} };

/** A log that passes lines at or above `level` to `write`. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const order: LogLevel[] = ['debug', 'info', 'warn'];
  const from = order.indexOf(level);
  const at = (lineLevel: LogLevel) =>
    order.indexOf(lineLevel) < from
      ? () => {}
      : (event: string, fields: LogFields = {}) =>
          write(JSON.stringify({ time: new Date().toISOString(), level: lineLevel, event, ...fields }));
  return { debug: at('debug'), info: at('info'), warn: at('warn') };
}
